"""Import the heavy libraries once, in the process that forks the tasks."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time

log = logging.getLogger(__name__)

FORKING_COMMANDS = ("scheduler", "celery")
"""Commands of Airflow whose process forks the tasks."""

NO_THREADS = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""What keeps libraries from starting a thread when they are imported: OpenBLAS and pyarrow's
allocator do. The importing process alone is told, and tasks may raise OpenBLAS's limit again."""

HEAVY = (
    "lamplighter",  # first: what it sets for OpenMP counts only before OpenMP is loaded
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sqlalchemy",
    "alembic.command",
    "lamplighter.registry",  # before MLflow, which reads its settings when it is imported
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "lamplighter.quality",  # before Great Expectations, for the same reason
    "great_expectations",
    "hyperopt",
    "xgboost",
    "lamplighter.ledger",
    "lamplighter.quality.validate",
    "lamplighter.training.predictor",
    "lamplighter_airflow.dag_builder",
)
"""What the steps import, and what every start of a task does. Not deltalake: importing it starts a
thread, and its runtime panics in a child whose parent used it."""


def warm_up() -> None:
    """Import what tasks will need, if this is a process that forks them.

    Imports only. No library may start a thread here, since threads do not survive a fork: a task
    would wait forever for a pool that only its parent has.
    """
    if len(sys.argv) < 2 or sys.argv[1] not in FORKING_COMMANDS:
        return
    began = time.monotonic()
    os.environ.update(NO_THREADS)
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in HEAVY:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.warning("%s is not warm, each task imports it anew: %s", name, error)
    for name in NO_THREADS:
        os.environ.pop(name)
    log.info("imported %d libraries in %.1f s", len(HEAVY), time.monotonic() - began)
