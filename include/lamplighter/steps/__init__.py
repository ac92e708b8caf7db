"""One function per step of a model's life, composed from the packages below."""
