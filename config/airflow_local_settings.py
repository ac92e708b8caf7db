"""Airflow imports this file in each of its processes; the scheduler warms up for its tasks."""

from lamplighter_airflow.warm import warm_up

__all__: list[str] = []

warm_up()
