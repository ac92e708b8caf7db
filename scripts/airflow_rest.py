"""A few questions and orders to Airflow, over its REST API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

_TIMEOUT_S = 120.0
"""SQLite under a busy Airflow lets a request wait."""


class AirflowError(Exception):
    """Airflow refused, with what it said."""


class AirflowClient:
    """One logged-in user of one Airflow."""

    def __init__(self, address: str, *, user: str, password: str) -> None:
        self._address = address.rstrip("/")
        # Never through the caller's proxy: this Airflow is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        answer = self._ask("POST", "/auth/token", {"username": user, "password": password})
        self._token = answer["access_token"]

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """Return a DAG as Airflow knows it, None while it is not parsed yet."""
        try:
            return self._ask("GET", f"/api/v2/dags/{quote(dag_id)}")
        except AirflowError as error:
            if "404" in str(error):
                return None
            raise

    def set_paused(self, dag_id: str, paused: bool) -> None:
        """Pause a DAG, or let the scheduler start its runs."""
        self._ask("PATCH", f"/api/v2/dags/{quote(dag_id)}", {"is_paused": paused})

    def trigger(
        self,
        dag_id: str,
        form: dict[str, Any],
        *,
        run_id: str | None = None,
        run_after: str | None = None,
    ) -> str:
        """Start a run as a person does with the form. Return its run id.

        Of several runs that wait, the scheduler takes the one with the earliest `run_after`.
        """
        body: dict[str, Any] = {"logical_date": None, "conf": form}
        if run_after is not None:
            body["run_after"] = run_after
        if run_id is not None:
            body["dag_run_id"] = run_id
        run = self._ask("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)
        return str(run["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return self._ask("GET", _run_path(dag_id, run_id))

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return a DAG's runs, the one that is due first leading."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?limit=100&order_by=run_after"
        return list(self._ask("GET", path)["dag_runs"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"{_run_path(dag_id, run_id)}/taskInstances?limit=100"
        return list(self._ask("GET", path)["task_instances"])

    def clear(self, dag_id: str, run_id: str) -> None:
        """Clear all tasks of a finished run, so that it runs again."""
        self._ask("POST", f"{_run_path(dag_id, run_id)}/clear", {"dry_run": False})

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page of Airflow's web server, as this user."""
        try:
            with self._open("GET", path, None) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            with self._open(method, path, body) as answer:
                document: dict[str, Any] = json.load(answer)
                return document
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise AirflowError(f"{method} {path} was answered with {error.code}: {said}") from None

    def _open(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "_token"):
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._address}{path}", data=data, headers=headers, method=method
        )
        return self._opener.open(request, timeout=_TIMEOUT_S)


def _run_path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id)}"
