"""Lineage: from a prediction to what made it, and from an entity to who has learnt from it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from lamplighter.contracts import Actor, CandidateRef, RunRequest
from lamplighter.errors import UsageError
from lamplighter.ledger.records import Version
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.lineage import of_entity
from lamplighter.steps.lineage.of_entity import Learner, learners
from lamplighter.steps.lineage.of_prediction import origins
from lamplighter.steps.night import open_night
from lamplighter.steps.proof.record import candidate_of
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_interval
from lamplighter.steps.validate_data import take_snapshot, validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def score(world: World, number: int) -> None:
    stores, end = world.stores, day(number)
    request = RunRequest(as_of=end)
    resolve_spec(world.spec_path, request, run_id=f"s/{number}", actor=ANNA, stores=stores)
    night = open_night(f"s/{number}", stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    score_interval(night, snapshot, start=end - timedelta(days=1), end=end)


def by_hand(world: World, number: int, visit: int) -> tuple[int, int]:
    """Say by the rules of time whether a night trained on a visit, and whether it held it out.

    Labels come 20 h after a visit and are certain after a day; the newest 12 matured days are
    held out, and trained on is what was labelled when they began.
    """
    seen = world.visits.set_index("visit_id")["seen_at"][visit]
    last = day(number) - timedelta(days=1)
    cutoff = last - timedelta(days=12)
    return int(seen + timedelta(hours=20) <= cutoff), int(cutoff <= seen < last)


def counts(found: list[Learner]) -> list[tuple[str, int, int]]:
    return [(one.version, one.training, one.holdout) for one in found]


def test_every_version_tells_truly_whether_it_was_fitted_on_a_visit(seasoned: World) -> None:
    nights = {"1": 50, "2": 51, "3": 52}
    edge = world_visit(seasoned, day(37) - timedelta(hours=20))
    for visit in (5, edge - 1, edge, edge + 70, 2_900, 3_500):
        found = counts(learners(seasoned.stores, "returns", str(visit)))
        assert found == [(v, *by_hand(seasoned, night, visit)) for v, night in nights.items()]


def world_visit(world: World, at: pd.Timestamp) -> int:
    return int(np.searchsorted(world.visits["seen_at"], pd.Timestamp(at)))


def test_purged_examples_are_built_again_and_proven_by_the_split(seasoned: World) -> None:
    stored = learners(seasoned.stores, "returns", "city=Lima")
    assert {one.way for one in stored} == {"stored examples"}
    for file in (seasoned.home / "lake" / "artifacts").rglob("examples-*.parquet"):
        file.unlink()
    rebuilt = learners(seasoned.stores, "returns", "city=Lima")
    assert counts(rebuilt) == counts(stored)
    assert {(one.way, one.sure) for one in rebuilt} == {("built again from the lake", True)}
    assert [one.champion for one in rebuilt] == [False, True, False]


def test_a_column_counts_all_rows_of_an_entity(seasoned: World) -> None:
    (first, *_) = learners(seasoned.stores, "returns", "city=Cork")
    (candidate,) = (
        CandidateRef.model_validate(found["candidate"])
        for found in seasoned.stores.ledger.searches_of(
            "returns", timeline="live", as_of=day(50)
        ).values()
    )
    frame = seasoned.stores.artifacts.read_frame(candidate.examples)
    cork = frame[frame["feature:city"] == "Cork"]["_part"].value_counts()
    assert (first.training, first.holdout) == (cork["training"], cork["holdout"])


def test_an_unknown_column_and_a_visit_that_never_was_are_answered(seasoned: World) -> None:
    with pytest.raises(UsageError, match="visits of returns has no column 'town'; it has visit_id"):
        learners(seasoned.stores, "returns", "town=Bern")
    assert not any(one.learnt for one in learners(seasoned.stores, "returns", "999999"))


def test_a_lake_that_is_gone_makes_it_unknown_never_no(seasoned: World) -> None:
    import shutil

    artifacts = seasoned.home / "lake" / "artifacts"
    for file in artifacts.rglob("examples-*.parquet"):
        file.unlink()
    shutil.rmtree(seasoned.home / "lake" / "tables" / "returns" / "outcomes")
    found = learners(seasoned.stores, "returns", "5")
    assert {(one.learnt, one.way) for one in found} == {(None, "unknown")}
    assert all("its examples were deleted" in one.why for one in found)


def test_a_version_that_goes_on_from_another_has_learnt_what_that_one_had(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = seasoned.stores
    versions = {v.version: v for v in stores.ledger.versions("returns")}
    first = candidate_of(stores, versions["1"])
    # Version 2 goes on from 1, and 3 from 2; of their own rows neither holds this visit.
    parents = {"1": "", "2": "1", "3": "2"}
    kept = stores.artifacts.read_frame(first.examples)
    without = stores.artifacts.write_frame("returns/without.parquet", kept[kept["visit_id"] != 5])

    def candidate(_: object, version: Version) -> CandidateRef:
        examples = first.examples if version.version == "1" else without
        return first.model_copy(
            update={"continued": parents[version.version], "examples": examples}
        )

    monkeypatch.setattr(of_entity, "candidate_of", candidate)
    found = learners(stores, "returns", "5")
    assert [one.learnt for one in found] == [True, True, True]
    assert [one.training for one in found] == [1, 0, 0]
    assert found[2].why == "it goes on from version 2, which has learnt from it"
    assert not any(one.learnt for one in learners(stores, "returns", "999999"))


def test_a_prediction_goes_back_to_version_data_spec_code_search_and_run(seasoned: World) -> None:
    score(seasoned, 53)
    stores = seasoned.stores
    row = stores.predictions.read("returns", start=day(52), end=day(53)).iloc[7]
    (origin,) = origins(stores, "returns", prediction_id=row["prediction_id"])
    version = stores.ledger.version("returns", "2")
    assert (origin.version, origin.artifact_digest) == ("2", version.artifact.digest)
    assert origin.prediction == row["prediction"]
    night = open_night(origin.run_ids[0], stores, threads=1)
    assert night.run.as_of == day(51)
    assert origin.snapshot == take_snapshot(night).digest
    assert origin.spec_digest == night.spec.digest
    assert origin.search in stores.ledger.searches_of("returns", timeline="live", as_of=day(51))
    assert origin.code_digest == version.details["proof"]["code_digest"]
    assert origin.mlflow_run_id == version.mlflow_run_id
    # That no other version went into it is known, and so not None.
    assert (origin.continued, origin.refit_of) == ("", "")
    by_key = origins(stores, "returns", key=row["key"], at=row["prediction_time"])
    assert by_key == [origin]


def test_an_unknown_prediction_is_said_to_be_unknown(seasoned: World) -> None:
    with pytest.raises(UsageError, match="the lake holds no prediction of 4711 of returns"):
        origins(seasoned.stores, "returns", key="4711")
    with pytest.raises(UsageError, match="the lake holds no prediction it's of returns"):
        origins(seasoned.stores, "returns", prediction_id="it's")
