"""Data in time: sources, tables of the lake, the as-of view, examples, splits, artifacts."""
