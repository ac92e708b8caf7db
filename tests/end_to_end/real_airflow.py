"""A running Airflow as these tests use it: start nights, wait for them, spoil them, look inside."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from airflow_rest import AirflowClient

from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths

PATIENCE_S = 240.0
OVER = ("success", "failed")
STEPS = [
    "resolve_spec", "ingest_data", "validate_data", "check_drift", "decide_retraining",
    "select_features", "check_leakage", "tune_model", "train_ensemble", "evaluate_candidate",
    "explain_candidate", "decide_promotion", "register_model", "release_model",
]  # fmt: skip
"""The steps of a first night, in their order."""

SKIPPED_AT_FIRST = ["collect_evidence", "approve_promotion"]
"""The steps that have nothing to do on a first night: no challenger, nobody to ask."""


def wait_for[Answer](
    question: Callable[[], Answer | None], what: str, *, for_s: float = PATIENCE_S
) -> Answer:
    """Ask until there is an answer."""
    deadline = time.monotonic() + for_s
    while not (answer := question()):
        assert time.monotonic() < deadline, f"{what}: not within {for_s:.0f} s"
        time.sleep(0.2)
    return answer


class RealAirflow(AirflowClient):
    """A client of the Airflow under test, which also knows its stores and its saboteur."""

    def __init__(self, address: str, *, password: str, paths: StorePaths, orders: Path) -> None:
        super().__init__(address, user="admin", password=password)
        self.address = address
        self.paths = paths
        self.orders = orders

    @property
    def stores(self) -> Stores:
        return Stores.open(self.paths)

    def start(self, dag_id: str, **form: Any) -> Run:
        """Trigger a run with a form's values, as a person does."""
        self.set_paused(dag_id, False)
        return Run(self, dag_id, self.trigger(dag_id, form))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask("POST", f"/api/v2/{path}", body)

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", f"/api/v2/{path}")

    def fail(self, dag_id: str, task: str) -> Order:
        """Have every try of a task fail for good, until the order is taken back."""
        return self._order(dag_id, task, {"act": "raise", "at": step(task), "when": "before"})

    def hold(self, dag_id: str, task: str, *, at: str = "", when: str = "before") -> Order:
        """Have the next try of a task stand still before or after a function of its step."""
        return self._order(dag_id, task, {"act": "hold", "at": at or step(task), "when": when})

    def _order(self, dag_id: str, task: str, order: dict[str, str]) -> Order:
        path = self.orders / f"{dag_id}.{task}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(order))
        partial.rename(path)
        return Order(path)


def step(task: str) -> str:
    """Return where a task's step is."""
    return f"lamplighter.steps.{task}:{task}"


@dataclass(frozen=True)
class Order:
    """An order to the saboteur."""

    path: Path

    def take_back(self) -> None:
        """Let the process that stands still go on, and spoil nothing more."""
        for suffix in (".json", ".held", ".pid"):
            self.path.with_suffix(suffix).unlink(missing_ok=True)

    def wait_until_held(self) -> int:
        """Return the id of the process that stands still now."""
        told = self.path.with_suffix(".pid")
        return int(wait_for(lambda: told.exists() and told.read_text(), f"{told} appears"))

    def kill(self) -> None:
        """Kill the process that stands still, as kill -9 does."""
        os.kill(self.wait_until_held(), signal.SIGKILL)
        self.take_back()

    def orphan(self) -> psutil.Process:
        """Kill Airflow's process that watches the one that stands still. Return that one."""
        orphan = psutil.Process(self.wait_until_held())
        os.kill(orphan.ppid(), signal.SIGKILL)
        return orphan


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    airflow: RealAirflow
    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        return f"dags/{quote(self.dag_id)}/dagRuns/{quote(self.run_id)}"

    def state(self) -> str:
        return str(self.airflow.run(self.dag_id, self.run_id)["state"])

    def wait(self) -> str:
        """Wait until the run is over; return its colour."""

        def over() -> str | None:
            state = self.state()
            return state if state in OVER else None

        return wait_for(over, f"{self.dag_id} {self.run_id} ends")

    def tasks(self) -> dict[str, dict[str, Any]]:
        """Return each task instance; of mapped ones the last."""
        found = self.airflow.tasks(self.dag_id, self.run_id)
        return {task["task_id"]: task for task in found}

    def states(self) -> dict[str, str]:
        return {name: task["state"] for name, task in self.tasks().items()}

    def tries(self, task: str) -> int:
        return int(self.tasks()[task]["try_number"])

    def links(self, task: str) -> dict[str, str]:
        """Return the addresses behind a task's buttons."""
        found = self.airflow.get(f"{self.path}/taskInstances/{task}/links")
        return dict(found["extra_links"])

    def log(self, task: str, *, attempt: int | None = None) -> str:
        """Return all that a try wrote, the last unless said; a mapped task's last instance."""
        found = self.tasks()[task]
        which_try = attempt or found["try_number"]
        path = f"/api/v2/{self.path}/taskInstances/{task}/logs/{which_try}"
        which = f"?full_content=true&map_index={found['map_index']}"
        status, text = self.airflow.page(path + which)
        assert status == 200, text
        return text

    def xcoms(self) -> dict[str, Any]:
        """Return what each task handed on, by task and map index."""
        entries = self.airflow.get(f"{self.path}/taskInstances/~/xcomEntries?limit=100")
        found = {}
        for entry in entries["xcom_entries"]:
            task, key, index = entry["task_id"], entry["key"], entry["map_index"]
            path = f"{self.path}/taskInstances/{task}/xcomEntries/{key}?map_index={index}"
            found[f"{task}/{key}/{index}"] = self.airflow.get(path)["value"]
        return found

    def handed(self, task: str) -> Any:
        return self.xcoms()[f"{task}/return_value/-1"]

    def clear(self, *tasks: str) -> None:
        """Clear some tasks and all that follows them; every task if none is named."""
        body: dict[str, Any] = {
            "dry_run": False,
            "dag_run_id": self.run_id,
            "only_failed": False,
            "reset_dag_runs": True,
            "include_downstream": True,
        }
        if tasks:
            body["task_ids"] = list(tasks)
        self.airflow.post(f"dags/{quote(self.dag_id)}/clearTaskInstances", body)


def book(stores: Stores, model: str) -> dict[str, Any]:
    """Return all that the stores hold about a model's versions and releases."""
    return {
        "decisions": stores.ledger.decisions(model),
        "versions": stores.ledger.versions(model),
        "releases": stores.ledger.releases(model),
        "registered": [v.version for v in stores.registry.versions(model)],
        "alias": stores.registry.alias(model, "champion"),
    }


def assert_healthy(stores: Stores, model: str) -> None:
    """Assert that the doctor finds nothing wrong with a model, and that nothing is there twice."""
    wrong = [finding.message for finding in examine_stores(stores, [model]) if not finding.right]
    assert wrong == []
    keys = [version.key for version in stores.ledger.versions(model)]
    assert len(set(keys)) == len(keys)
    assert stores.registry.twins(model) == {}
