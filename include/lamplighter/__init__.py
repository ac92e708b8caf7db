"""The library: every step of a model's life, without Airflow."""
