"""Drift in a night: named, written down, told apart from loss, and never a reason to be red."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lamplighter.contracts import Actor, DriftRef, RunReport, RunRequest
from lamplighter.steps.check_drift import check_drift
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import take_snapshot
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def turned(world: World, from_day: int) -> World:
    """Let every visitor be 25 years older, and Bern be called Oslo, from a day on."""
    late = world.visits["seen_at"] >= pd.Timestamp(day(from_day))
    world.visits.loc[late, "age"] += 25
    world.visits.loc[late & (world.visits["city"] == "Bern"), "city"] = "Oslo"
    world.write()
    return world


def night_of(world: World, number: int, *, run_id: str = "drift") -> Night:
    """Open a night over what the lake holds."""
    stores, as_of = world.stores, day(number)
    run_id = f"{run_id}/{number}"
    request = RunRequest(as_of=as_of)
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return open_night(run_id, stores, threads=1)


def drift_of(world: World, number: int, **asked: str) -> DriftRef:
    night = night_of(world, number, **asked)
    return check_drift(night, take_snapshot(night))


@pytest.fixture
def drifted(world: World) -> tuple[World, RunReport]:
    """Return a world that turned after its champion was trained, and the night after."""
    world.run(day(50))
    return world, turned(world, 50).run(day(58))


def test_the_night_names_the_worst_columns_in_its_report_and_in_its_decisions(
    drifted: tuple[World, RunReport],
) -> None:
    world, report = drifted
    (said,) = [sentence for sentence in report.sentences if "columns drifted against" in sentence]
    assert said.startswith("2 of 4 columns drifted against what version 1 was trained on")
    assert "city (PSI" in said
    assert "age (" in said
    for kind in ("retraining", "promotion"):
        evidence = world.stores.ledger.decisions("returns", kind=kind)[0].evidence["drift"]
        assert [worst["column"] for worst in evidence["worst"]] == ["city", "age"]
        assert evidence["against"] == "training"


def test_drift_is_told_with_the_decision_to_train_and_does_not_make_it(world: World) -> None:
    world.document["retrain"] = {"policy": "never"}
    world.write()
    world.run(day(50), force_retrain=True)
    report = turned(world, 50).run(day(58))
    assert report.outcome == "no_training"
    reason = world.stores.ledger.decisions("returns", kind="retraining")[0].reason
    assert reason.startswith("retrain.policy is never")
    assert "2 of 4 columns drifted since the champion was trained" in reason


def test_a_week_like_those_before_has_not_drifted(world: World) -> None:
    world.run(day(50))
    world.run(day(58))
    drift = drift_of(world, 58)
    assert drift.against == "training"
    assert (drift.columns, drift.drifted) == (4, ())
    assert len(drift.sentences) == 2


def test_without_a_champion_only_the_window_before_is_compared(world: World) -> None:
    report = world.run(day(50))
    assert "There is no champion yet, so there is no training data to compare with." in (
        report.sentences
    )
    assert drift_of(world, 50).against == "window_before"


def test_rows_that_become_known_later_change_nothing(world: World) -> None:
    world.run(day(50))
    turned(world, 50).run(day(52))
    before = drift_of(world, 52)
    world.run(day(58))
    after = drift_of(world, 52, run_id="again")
    assert after.document.digest == before.document.digest
    assert after.report.digest == before.report.digest


def test_a_champion_without_a_kept_reference_leaves_drift_unknown(world: World) -> None:
    world.run(day(50))
    turned(world, 50).run(day(58))
    for kept in (world.home / "lake/artifacts").rglob("reference-*.parquet"):
        kept.unlink()
    drift = drift_of(world, 58, run_id="anew")
    # The night's own report stands; a night of another spec looks again.
    assert drift.against == "training"
    world.document["monitor"] = {"drift": {"psi": 0.3}}
    world.write()
    anew = drift_of(world, 58, run_id="another spec")
    assert anew.against == "window_before"
    assert "since version 1 was trained is unknown" in anew.notes[0]


def test_a_window_without_examples_is_said_and_is_no_failure(world: World) -> None:
    world.run(day(50))
    world.visits = world.visits[world.visits["seen_at"] < pd.Timestamp(day(49))]
    world.document["data"]["validate"] = {"min_rows": 0}
    world.write()
    night = night_of(world, 60)
    drift = check_drift(night, take_snapshot(night))
    assert (drift.rows, drift.against, drift.drifted) == (0, None, ())
    assert "no example was predicted from 2024-02-23 to 2024-02-29" in drift.notes[0]


def test_few_rows_are_not_judged(world: World) -> None:
    world.document["monitor"] = {"drift": {"min_rows": 10_000}}
    world.write()
    world.run(day(50))
    drift = drift_of(turned(world, 50), 50)
    assert drift.columns == 0
    assert "rows, 10000 are needed" in drift.sentences[0]


def test_the_report_shows_the_numbers_of_its_document_and_loads_nothing(
    drifted: tuple[World, RunReport],
) -> None:
    world, _ = drifted
    drift = drift_of(world, 58)
    artifacts = world.stores.artifacts
    document = json.loads(artifacts.read(drift.document))
    page = artifacts.read(drift.report).decode()
    worst = document["comparisons"][0]["columns"][0]
    assert worst["column"] == "city"
    assert f"{worst['psi']:.3f}" in page
    assert "Oslo" in page
    assert page.count("<svg") == sum(len(c["columns"]) for c in document["comparisons"])
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_without_time_the_rows_since_the_champion_are_compared_with_its_training_data(
    tmp_path: Path, make_world: Callable[..., World]
) -> None:
    world = make_world()
    random = np.random.default_rng(0)
    people = pd.DataFrame({"person": np.arange(900), "height": random.normal(170, 9, 900)})
    people["tall"] = (people["height"] + random.normal(0, 4, 900) > 172).astype(int)
    source = tmp_path / "people.parquet"
    world.spec_path = tmp_path / "tall.yaml"
    table = {"source": {"parquet": str(source)}, "key": ["person"]}
    spec = {
        "model": "tall",
        "owner": {"team": "shop"},
        "task": "binary",
        "data": {"target": "tall", "tables": {"people": table}},
        "search": {"algorithms": ["xgboost", "linear"], "trials": 2, "budget_s": None},
    }
    world.spec_path.write_text(yaml.safe_dump(spec))
    people[:600].to_parquet(source, index=False)
    world.run(day(50))
    nothing = world.run(day(51))
    assert "No row is new since version 1 was trained." in nothing.sentences
    people.loc[600:, "height"] += 15
    people.to_parquet(source, index=False)
    report = world.run(day(52))
    (said,) = [sentence for sentence in report.sentences if "drifted against" in sentence]
    assert said.startswith("1 of 1 column drifted against what version 1 was trained on")
