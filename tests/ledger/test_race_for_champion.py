"""Two schedulers, or a person and a DAG, cannot make two champions."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.contracts import Actor
from lamplighter.ledger import ReleaseRequest
from lamplighter.steps.night import Stores
from world import World, day

SCRIPT = Path(__file__).with_name("race_for_champion.py")
ROUNDS = 4


@pytest.fixture
def four_versions(world: World, url: str) -> Stores:
    """Versions 1 to 4 are registered, and 1 is champion. No test here loads their files."""
    world.paths = replace(world.paths, ledger=url, home=str(world.home))
    stores = world.stores
    for number in ("1", "2", "3", "4"):
        register(stores, world.folder / number, number)
    first = stores.ledger.version("returns", "1")
    assert first is not None
    stores.ledger.release(
        ReleaseRequest(
            key="first", model="returns", version="1", artifact=first.artifact, predecessor=0,
            as_of=day(50), valid_from=day(50), actor=Actor(name="anna", kind="os_user"),
            reason="the first",
        )
    )  # fmt: skip
    stores.registry.set_alias("returns", "champion", "1")
    return stores


def register(stores: Stores, path: Path, number: str) -> None:
    path.write_bytes(f"model {number}".encode())
    artifact = stores.artifacts.write(f"returns/{number}.model", path.read_bytes())
    stores.ledger.intend_version(
        number, model="returns", artifact=artifact, run_key="run", timeline="live", as_of=day(49),
        details={"registered_name": "returns"},
    )  # fmt: skip
    registered = stores.registry.register(
        key=number, model="returns", predictor_path=path,
        artifact_digest=hashlib.sha256(path.read_bytes()).hexdigest(), params={}, metrics={},
        tags={}, datasets={}, input_example=pd.DataFrame({"age": [1.0]}), output_example=[0.5],
        reports={}, requirements=["scikit-learn"],
    )  # fmt: skip
    stores.ledger.record_version(
        number, version=registered.version, mlflow_run_id=registered.run_id
    )


def test_a_person_and_two_schedulers_at_once_make_one_chain_of_champions(
    world: World, four_versions: Stores
) -> None:
    environment = {
        "LAMPLIGHTER_HOME": str(world.home),
        "LAMPLIGHTER_LEDGER": world.paths.ledger,
        "LAMPLIGHTER_LAKE": world.paths.lake,
        "MLFLOW_TRACKING_URI": world.paths.mlflow,
        "PYTHONPATH": os.pathsep.join([str(SCRIPT.parents[1]), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(world.spec_path), str(ROUNDS)],
        env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)

    ledger = four_versions.ledger
    chain = ledger.releases("returns")
    assert [release.predecessor for release in chain] == [0, *(r.id for r in chain[:-1])]
    assert all(a.valid_to == b.valid_from for a, b in pairwise(chain))
    # Two follow one champion at most where the second one was told of the first.
    wins = sum(outcome == "won" for outcomes in said.values() for outcome in outcomes)
    assert ROUNDS <= len(chain) - 1 <= wins
    refusals = [o for outcomes in said.values() for o in outcomes if o != "won"]
    assert refusals, "nobody was ever too late, so nothing was raced for"
    assert all("judge it against that one" in o or "only forwards in time" in o for o in refusals)
    head = ledger.champion("returns")
    assert head is not None
    assert four_versions.registry.alias("returns", "champion") == head.version
    assert ledger.incidents("returns") == []
    kinds = {release.kind: release.actor.kind for release in chain}
    assert kinds.get("promote", "os_user") == "os_user"
    assert {r.actor.kind for r in chain if r.kind == "release"} <= {"airflow", "os_user"}
