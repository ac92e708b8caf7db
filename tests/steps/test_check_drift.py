"""Drift in a night: named, written down, told apart from loss, and never a reason to be red."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from lamplighter.contracts import Actor, DriftRef, RunReport, RunRequest
from lamplighter.steps.check_drift import check_drift
from lamplighter.steps.decide_retraining import decide_retraining
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import take_snapshot, validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, RunReport]:
    """Return a world that turned after its champion was trained, and the report of a later night.

    Every visitor is 25 years older from then on, and Bern is called Oslo.
    """
    world = World(tmp_path_factory.mktemp("drifted"))
    world.run(day(50))
    late = world.visits["seen_at"] >= pd.Timestamp(day(50))
    world.visits.loc[late, "age"] += 25
    world.visits.loc[late & (world.visits["city"] == "Bern"), "city"] = "Oslo"
    world.write()
    return world, world.run(day(58))


def night_of(world: World, number: int) -> Night:
    """Open a night over what the lake holds."""
    stores, as_of = world.stores, day(number)
    run_id = f"{world.spec_path.stem}/{number}/{hash(world.spec_path.read_text())}"
    request = RunRequest(as_of=as_of)
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return open_night(run_id, stores, threads=1)


def ingest(world: World, number: int) -> None:
    night = night_of(world, number)
    validate_data(night, ingest_data(night))


def drift_of(world: World, number: int) -> DriftRef:
    night = night_of(world, number)
    return check_drift(night, take_snapshot(night))


@contextmanager
def declaring(world: World, **sections: Any) -> Iterator[None]:
    """Change the spec for a while."""
    usual = world.document
    world.document = {**usual, **sections}
    world.write()
    yield
    world.document = usual
    world.write()


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


def test_drift_is_told_with_the_decision_to_train_and_does_not_make_it(
    drifted: tuple[World, RunReport],
) -> None:
    world, _ = drifted
    with declaring(world, retrain={"policy": "never"}):
        night = night_of(world, 58)
        snapshot = take_snapshot(night)
        decision = decide_retraining(night, snapshot, check_drift(night, snapshot))
    assert not decision.retrain
    assert decision.reason.startswith("retrain.policy is never")
    assert "2 of 4 columns drifted since the champion was trained" in decision.reason


def test_a_week_like_those_before_has_not_drifted_and_later_rows_change_nothing(
    world: World,
) -> None:
    world.run(day(50))
    ingest(world, 52)
    before = drift_of(world, 52)
    assert before.against == "training"
    ingest(world, 58)
    for made in (world.home / "lake/artifacts").rglob("drift-*"):
        made.unlink()
    again = drift_of(world, 52)
    assert (again.document.digest, again.report.digest) == (
        before.document.digest,
        before.report.digest,
    )
    drift = drift_of(world, 58)
    assert (drift.columns, drift.drifted) == (4, ())
    assert len(drift.sentences) == 2


def test_without_a_champion_only_the_window_before_is_compared(world: World) -> None:
    ingest(world, 50)
    drift = drift_of(world, 50)
    assert drift.against == "window_before"
    assert drift.notes == (
        "there is no champion yet, so there is no training data to compare with",
    )


def test_a_champion_without_a_kept_reference_leaves_drift_unknown(
    drifted: tuple[World, RunReport],
) -> None:
    world, _ = drifted
    kept = list((world.home / "lake/artifacts").rglob("reference-*.parquet"))
    contents = [file.read_bytes() for file in kept]
    for file in kept:
        file.unlink()
    with declaring(world, monitor={"drift": {"psi": 0.3}}):
        drift = drift_of(world, 58)
    for file, content in zip(kept, contents, strict=True):
        file.write_bytes(content)
    assert drift.against == "window_before"
    assert "since version 1 was trained is unknown" in drift.notes[0]


def test_a_window_without_examples_is_said_and_is_no_failure(
    drifted: tuple[World, RunReport],
) -> None:
    drift = drift_of(drifted[0], 75)
    assert (drift.rows, drift.against, drift.drifted) == (0, None, ())
    assert "no example was predicted from 2024-03-09 to 2024-03-15" in drift.notes[0]


def test_few_rows_are_not_judged(drifted: tuple[World, RunReport]) -> None:
    world, _ = drifted
    with declaring(world, monitor={"drift": {"min_rows": 10_000}}):
        drift = drift_of(world, 58)
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
    world: World,
) -> None:
    random = np.random.default_rng(0)
    people = pd.DataFrame({"person": np.arange(900), "height": random.normal(170, 9, 900)})
    people["tall"] = (people["height"] + random.normal(0, 4, 900) > 172).astype(int)
    people.loc[600:, "height"] += 15
    source = world.folder / "people.parquet"
    world.spec_path = world.folder / "tall.yaml"
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
    nothing = drift_of(world, 51)
    assert nothing.notes == ("no row is new since version 1 was trained",)
    people.to_parquet(source, index=False)
    ingest(world, 52)
    drift = drift_of(world, 52)
    assert drift.drifted == ("height",)
    assert "1 of 1 column drifted against what version 1 was trained on" in drift.sentences[0]
