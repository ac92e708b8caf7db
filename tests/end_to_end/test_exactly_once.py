"""Killed tasks, under the real scheduler: after Airflow's own retry, everything happened once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from real_airflow import STEPS, RealAirflow, assert_healthy, book

from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.whole_night import run_night
from world import World, day

pytestmark = pytest.mark.scheduler
WORST_MOMENTS = {
    "tune_model": ("after", "lamplighter.steps.stored_search:LedgerTrials.add"),
    "train_ensemble": ("after", "lamplighter.training.final_fit:fit_one"),
    "register_model": ("before", "lamplighter.ledger.ledger:Ledger.record_version"),
    "release_model": ("before", "lamplighter.steps.release_model:project_alias"),
}
"""In mid-search and mid-training, between registry and ledger, between ledger and alias."""
HALF_DONE = {
    "tune_model": {"registered": 0, "versions": 0, "releases": 0, "alias": None},
    "train_ensemble": {"registered": 0, "versions": 0, "releases": 0, "alias": None},
    "register_model": {"registered": 1, "versions": 0, "releases": 0, "alias": None},
    "release_model": {"registered": 1, "versions": 1, "releases": 1, "alias": None},
}
"""What has been written when each of them is killed."""


@pytest.fixture
def undisturbed(tmp_path: Path) -> Callable[[World], World]:
    """Do the same night without Airflow, in stores of its own."""

    def run(other: World) -> World:
        world = World(tmp_path / "undisturbed")
        # Of the same name: seeds derive from it.
        world.document["model"] = other.document["model"]
        world.document["search"] = other.document["search"]
        world.write()
        asked = RunRequest(as_of=day(50))
        actor = Actor(name="nobody", kind="os_user")
        run_night(world.spec_path, asked, run_id="one", actor=actor, stores=world.stores)
        return world

    return run


def test_a_night_killed_at_the_worst_moments_ends_as_an_undisturbed_one(
    airflow: RealAirflow, worlds: dict[str, World], undisturbed: Callable[[World], World]
) -> None:
    orders = {
        task: airflow.hold("killed__train", task, at=at, when=when)
        for task, (when, at) in WORST_MOMENTS.items()
    }
    run = airflow.start("killed__train", as_of=day(50).isoformat())
    for task, order in orders.items():
        order.wait_until_held()
        assert written(airflow, "killed") == HALF_DONE[task]
        order.kill()
    assert run.wait() == "success"
    assert [run.tries(task) for task in WORST_MOMENTS] == [2, 2, 2, 2]
    assert_everything_happened_once(airflow, "killed")
    (release,) = airflow.stores.ledger.releases("killed")
    (same,) = undisturbed(worlds["killed"]).stores.ledger.releases("killed")
    assert release.artifact.digest == same.artifact.digest


@pytest.mark.long
def test_a_night_killed_before_and_after_every_step_does_everything_once(
    airflow: RealAirflow, worlds: dict[str, World]
) -> None:
    dag_id = "killed_often__train"
    order = airflow.hold(dag_id, STEPS[0])
    run = airflow.start(dag_id, as_of=day(50).isoformat())
    for step in STEPS:
        order.kill()
        airflow.hold(dag_id, step, when="after").kill()
        following = STEPS[STEPS.index(step) + 1 :]
        order = airflow.hold(dag_id, following[0]) if following else order
    assert run.wait() == "success"
    assert {run.tries(step) for step in STEPS if step != "tune_model"} == {3}
    assert_everything_happened_once(airflow, "killed_often")


@pytest.mark.long
def test_a_task_that_outlives_its_supervisor_does_nothing_twice(airflow: RealAirflow) -> None:
    dag_id = "orphaned__train"
    orders = [
        airflow.hold(dag_id, "train_ensemble"),
        airflow.hold(dag_id, "register_model", at="lamplighter.registry.registration:register"),
    ]
    run = airflow.start(dag_id, as_of=day(50).isoformat())
    orphans = [order.orphan() for order in orders]
    assert run.wait() == "success"
    assert [run.tries(task) for task in ("train_ensemble", "register_model")] == [2, 2]
    before = book(airflow.stores, "orphaned")
    for order, orphan in zip(orders, orphans, strict=True):
        assert orphan.is_running()
        order.take_back()
        orphan.wait(timeout=60)
    assert book(airflow.stores, "orphaned") == before
    assert_everything_happened_once(airflow, "orphaned")


def written(airflow: RealAirflow, model: str) -> dict[str, object]:
    stores = airflow.stores
    return {
        "registered": len(stores.registry.versions(model)),
        "versions": len(stores.ledger.versions(model)),
        "releases": len(stores.ledger.releases(model)),
        "alias": stores.registry.alias(model, "champion"),
    }


def assert_everything_happened_once(airflow: RealAirflow, model: str) -> None:
    stores = airflow.stores
    assert [version.version for version in stores.ledger.versions(model)] == ["1"]
    assert [version.version for version in stores.registry.versions(model)] == ["1"]
    assert [release.version for release in stores.ledger.releases(model)] == ["1"]
    assert stores.registry.alias(model, "champion") == "1"
    assert [decision.kind for decision in stores.ledger.decisions(model)] == [
        "promotion",
        "retraining",
    ]
    assert_healthy(stores, model)
