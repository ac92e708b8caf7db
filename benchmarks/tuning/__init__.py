"""Lamplighter's search and ensembles against other AutoML, at equal seconds on equal splits."""
