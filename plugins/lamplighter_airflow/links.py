"""The links on a task: to the night's report, to others, and to the MLflow run if there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

REPORTS_PREFIX = "/lamplighter"


class NightReportLink(BaseOperatorLink):
    """To the report of this task's night, served by the plugin."""

    name = "Night report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the report's address; the page itself says so if it is not there yet."""
        return report_url(ti_key.dag_id, ti_key.run_id)


class DataDocsLink(BaseOperatorLink):
    """To what the validation of this task's night found, served by the plugin."""

    name = "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page's address; the page itself says so if it is not there yet."""
        return f"{_root()}/validations/{quote(ti_key.dag_id)}/{quote(ti_key.run_id)}"


class MlflowLink(BaseOperatorLink):
    """To the MLflow run of the version that this task handled."""

    name = "MLflow run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the run's address, which the operator keeps once it knows it."""
        return getattr(operator, "mlflow_url", "")


class DriftReportLink(BaseOperatorLink):
    """To the drift report that this task made."""

    name = "Drift report"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the report's address, which the operator keeps once it knows it."""
        return getattr(operator, "drift_url", "")


class ModelCardLink(BaseOperatorLink):
    """To the model card of the candidate that this task explained."""

    name = "Model card"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the card's address, which the operator keeps once it knows it."""
        return getattr(operator, "card_url", "")


def report_url(dag_id: str, run_id: str) -> str:
    """Return the address of a night's report in Airflow's own web server."""
    return f"{_root()}/nights/{quote(dag_id)}/{quote(run_id)}"


def reports_url(dag_id: str, key: str) -> str:
    """Return the address of another report of the DAG's model, by its key in the store."""
    return f"{_root()}/reports/{quote(dag_id)}/{quote(key)}"


def _root() -> str:
    root = conf.get("api", "base_url", fallback="") or ""
    return f"{root.rstrip('/')}{REPORTS_PREFIX}"
