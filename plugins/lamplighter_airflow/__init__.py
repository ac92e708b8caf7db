"""Airflow operators, DAG builders and the plugin. Wiring only; the work is in `lamplighter`."""
