"""Airflow is told where its home is before anything imports it."""

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

os.environ["AIRFLOW_HOME"] = str(PROJECT / "var" / "test-airflow")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
