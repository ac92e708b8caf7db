"""Airflow notifiers: the ways by which an owner is told, and the one that tells of a failure."""
