"""A champion fitted again as it was configured, on all rows: a version of its own."""
