"""Triggers: what Airflow's triggerer waits for in place of a task."""
