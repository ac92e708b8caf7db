"""A night that never began: its owner is told, once."""

from types import SimpleNamespace

import pytest

from lamplighter.contracts import Actor, Keep, RunRef
from lamplighter.spec import load_spec
from lamplighter_airflow.maintain_dag import maintain_dag
from world import World, day


@pytest.fixture
def forgotten(tmp_path, monkeypatch):
    """A model whose scheduler ran one night, long ago, and none since."""
    world = World(tmp_path)
    world.document["schedule"] = {"cron": "0 3 * * *"}
    world.write()
    spec, ledger = load_spec(world.spec_path), world.stores.ledger
    ledger.put_spec(spec.digest, model="returns", document=spec.document())
    run = RunRef(
        run_key="returns/1", model="returns", spec_digest=spec.digest, as_of=day(50),
        knowledge_time=day(50), timeline="live", force_retrain=False, gate_mode="enforce",
        budget_s=None, trials=1, dry_run=False, reason="",
        actor=Actor(name="scheduler", kind="airflow"),
    )  # fmt: skip
    ledger.start_run(run, run_id="returns__train/scheduled__1")
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return world


def look(world, *, dry_run=False):
    """Do the duty as its task does."""
    task = maintain_dag(world.folder).get_task("notice_late_nights")
    form = Keep().model_dump() | {"dry_run": dry_run}
    return task.execute({"params": form, "dag_run": SimpleNamespace(run_type="scheduled")})


def test_the_owner_of_a_night_that_never_began_is_told_once(forgotten, caplog):
    for _ in range(2):
        assert "returns" in look(forgotten)["found"][0]
    (told,) = forgotten.stores.ledger.notices("returns")
    assert (told.event, told.level, told.via) == ("late_night", "critical", "log")
    assert "never began (the last one was as of 2024-02-20 00:00 UTC)" in told.message
    assert caplog.text.count("[critical] returns: a night never began\n") == 1


def test_a_dry_run_of_upkeep_tells_nobody(forgotten):
    assert look(forgotten, dry_run=True)["found"]
    assert forgotten.stores.ledger.notices("returns") == []
