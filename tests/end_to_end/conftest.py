"""One real Airflow and one MLflow server for all tests here, with a small model for each test."""

from __future__ import annotations

import copy
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

from real_airflow import RealAirflow, Run  # noqa: E402

import stack as stack_script  # noqa: E402
from lamplighter.steps.store_paths import StorePaths  # noqa: E402
from world import World, day  # noqa: E402

NIGHTLY = "0 3 * * *"
TOLD_BY = [
    {"via": "webhook", "connection": "away", "on": ["no_change", "promotion", "failure"]},
    {"via": "webhook", "connection": "chat", "on": ["no_change", "promotion", "failure"]},
]
APPROVER = "approver"
TOLD_STEPS = {"report_run": {"timeout": "5m"}}
MODELS: dict[str, dict[str, Any]] = {
    "by_form": {},
    "nightly": {
        "schedule": {"cron": NIGHTLY, "start": "2024-02-20", "end": "2024-02-21", "catchup": True}
    },
    "stumbling": {},
    "spoilt": {},
    "rejected": {},
    "approved": {"gate": {"approval": {"when": "always", "assignees": [APPROVER]}}},
    "refused": {"gate": {"approval": {"when": "always", "assignees": [APPROVER]}}},
    "unanswered": {
        "gate": {"approval": {"when": "always", "deadline": "5s", "on_deadline": "release"}}
    },
    "settled": {"retrain": {"policy": "never"}},
    "refitted": {"retrain": {"refit": "after_promotion"}},
    "killed": {
        "search": {"algorithms": ["xgboost", "linear"], "trials": 3, "budget_s": None, "workers": 1}
    },
    "killed_often": {},
    "orphaned": {},
    "crowded": {},
    "crowded_long": {},
    "rehearsed": {"schedule": {"cron": NIGHTLY, "end": "2024-01-10"}},
    "rehearsed_long": {"schedule": {"cron": NIGHTLY, "end": "2024-01-10"}},
    "scored": {},
    "judged": {"schedule": {"cron": NIGHTLY, "end": "2024-01-10"}},
    "fragile": {},
    "told": {
        "owner": {"team": "shop", "notify": TOLD_BY},
        "schedule": {"cron": None, "steps": TOLD_STEPS},
    },
}
"""Each test's own model: what its spec says beyond the small world's."""


@pytest.fixture(scope="session")
def paths(tmp_path_factory: pytest.TempPathFactory) -> StorePaths:
    """The stores that Airflow's tasks, and nights beside Airflow, have in common."""
    home = tmp_path_factory.mktemp("stack")
    return StorePaths(
        lake=str(home / "lake"),
        artifacts=str(home / "lake" / "artifacts"),
        ledger=f"sqlite:///{home / 'ledger.db'}",
        mlflow=f"http://127.0.0.1:{free_port()}",
    )


@pytest.fixture(scope="session")
def worlds(paths: StorePaths) -> dict[str, World]:
    """Every model's world: its spec lies where Airflow reads it; `run` is a night beside it."""
    home = Path(paths.lake).parent
    (home / "models").mkdir()
    return {name: plant(home, name, changes, paths) for name, changes in MODELS.items()}


def plant(home: Path, name: str, changes: dict[str, Any], paths: StorePaths) -> World:
    world = World(home / "sources" / name)
    world.document |= {"model": name, "schedule": {"cron": None}} | copy.deepcopy(changes)
    world.spec_path = home / "models" / f"{name}.yaml"
    world.paths = paths
    world.write()
    return world


@pytest.fixture(scope="session")
def airflow(worlds: dict[str, World], paths: StorePaths) -> Iterator[RealAirflow]:
    home = Path(paths.lake).parent
    orders = home / "orders"
    orders.mkdir()
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMPLIGHTER_PORT", str(port))
        patch.setenv("LAMPLIGHTER_MLFLOW_PORT", paths.mlflow.rpartition(":")[2])
        try:
            stack = stack_script.up(
                home,
                extra_env={
                    "LAMPLIGHTER_MODELS": str(home / "models"),
                    "LAMPLIGHTER_TEST_ORDERS": str(orders),
                    "AIRFLOW__CORE__PLUGINS_FOLDER": str(HERE / "saboteur"),
                    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"admin:admin,{APPROVER}:op",
                    # Retries wait as short as they can, whatever back-off the task asks for.
                    "AIRFLOW__CORE__MAX_TASK_RETRY_DELAY": "1",
                    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
                    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
                },
            )
            address = f"http://127.0.0.1:{port}"
            password = stack.facts["password"]
            yield RealAirflow(address, password=password, paths=paths, orders=orders)
        finally:
            stack_script.down(home)


@pytest.fixture(scope="session")
def nights(airflow: RealAirflow, worlds: dict[str, World]) -> dict[str, Run]:
    """Nights that nobody disturbs, begun together so that they share the waiting."""
    airflow.set_paused("nightly__train", False)
    begun = {"by_form": airflow.start("by_form__train", as_of=at(50), reason="to see it work")}
    teach_upside_down(worlds["rejected"])
    begun["rejected"] = airflow.start("rejected__train", as_of=at(58))
    for name in ("settled", "spoilt", "refitted"):
        worlds[name].run(day(50))
    lose_labels(worlds["spoilt"])
    for name in ("settled", "spoilt", "refitted"):
        begun[name] = airflow.start(f"{name}__train", as_of=at(51))
    return begun


def at(number: int) -> str:
    """Return midnight of a day of the world, as a form's value."""
    return day(number).isoformat()


def teach_upside_down(world: World) -> None:
    """Give the model a good champion, and from then on training labels that are wrong."""
    lake = world.paths.lake
    world.paths = replace(world.paths, lake=f"{lake}-of-its-champion")
    world.run(day(45))
    world.paths = replace(world.paths, lake=lake)
    wrong = world.visits["seen_at"] < day(44)
    world.visits.loc[wrong, "returned"] = 1 - world.visits.loc[wrong, "returned"]
    world.write()


def lose_labels(world: World) -> None:
    """Empty the labels that become known on day 50."""
    frame = pd.read_csv(world.folder / "outcomes.csv", dtype=str)
    frame.loc[frame["known_at"].str.startswith(f"{day(50):%Y-%m-%d}"), "returned"] = ""
    frame.to_csv(world.folder / "outcomes.csv", index=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
