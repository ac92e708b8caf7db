"""The algorithms that an ensemble is made of, one per file with its search space."""
