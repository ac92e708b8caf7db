"""One operator per step of a model's life."""
