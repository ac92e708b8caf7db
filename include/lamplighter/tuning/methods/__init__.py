"""The search methods, one a file."""
