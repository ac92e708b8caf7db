"""Every model's DAGs, built from the specs in include/models (or $LAMPLIGHTER_MODELS)."""

from lamplighter_airflow import build_dags

build_dags()
