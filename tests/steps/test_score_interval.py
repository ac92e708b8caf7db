"""Scoring an interval: by the champion of each moment, the same rows however often."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.contracts import Actor, RunRequest, ScoredInterval
from lamplighter.data.predictions import PredictionTable, example_names, prediction_ids
from lamplighter.errors import ArtifactError, DataError
from lamplighter.steps.act_of_person import promote_version
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import feature_digests, score_frame, score_interval
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def score(world: World, number: int, run_id: str = "score", **asked: Any) -> ScoredInterval:
    stores, end = world.stores, day(number)
    run_id = f"{run_id}/{number}"
    request = RunRequest(as_of=end)
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    return score_interval(night, snapshot, start=end - timedelta(days=1), end=end, **asked)


def test_every_example_of_the_interval_is_scored_once(world: World) -> None:
    world.run(day(50))
    scored = score(world, 51)
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    expected = world.visits["seen_at"].between(day(50), day(51), inclusive="left").sum()
    assert len(rows) == scored.rows == expected
    assert rows["prediction"].between(0, 1).all()
    assert rows["prediction_id"].is_unique


def test_scoring_again_leaves_the_same_rows(world: World) -> None:
    world.run(day(50))
    first = score(world, 51)
    again = score(world, 51, run_id="again")
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    assert again.digest == first.digest
    assert len(rows) == first.rows


def test_each_example_is_scored_by_the_champion_of_its_moment(world: World) -> None:
    world.run(day(50))
    world.run(day(51))
    promote_version(world.stores, "returns", "2", reason="try", actor=ANNA)
    began = world.stores.ledger.champion("returns").valid_from
    score(world, 52)
    rows = world.stores.predictions.read("returns", start=day(51), end=day(52))
    assert (rows["model_version"] == "2").equals(rows["prediction_time"] >= began)


def test_an_interval_without_examples_is_scored_as_no_rows(world: World) -> None:
    world.visits = world.visits[~world.visits["seen_at"].between(day(50, 1), day(50, 9))]
    world.write()
    world.run(day(51))
    world.run(day(52))
    run_id, end = "score/empty", day(52)
    request = RunRequest(as_of=end)
    stores = world.stores
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    empty = day(51) + timedelta(microseconds=1), day(51) + timedelta(microseconds=2)
    assert score_interval(night, snapshot, start=empty[0], end=empty[1]).rows == 0


def test_an_examples_name_does_not_depend_on_its_neighbours() -> None:
    times = pd.to_datetime(["2024-01-01T10:00:00Z", "2024-01-01T10:00:00.5Z"], format="ISO8601")
    keys = pd.DataFrame({"seen_at": times, "city": ["a|b", "c"]})
    together = prediction_ids("returns", example_names(keys), keys["seen_at"])
    alone = prediction_ids("returns", example_names(keys[:1]), keys["seen_at"][:1])
    assert together[:1] == alone


def test_an_examples_name_is_the_digest_of_model_key_and_time_as_json() -> None:
    times = pd.Series(pd.to_datetime(["2024-01-01T10:00:00.5Z", None, "2024-01-01T10:00:00.5Z"]))
    written = ["2024-01-01T10:00:00.500000+00:00", None, "2024-01-01T10:00:00.500000+00:00"]
    keys = ['a "b"', "ü\\", "c"]
    by_hand = [
        sha256(json.dumps(["returns", key, time]).encode()).hexdigest()[:24]
        for key, time in zip(keys, written, strict=True)
    ]
    assert prediction_ids("returns", keys, times) == by_hand


def test_a_day_before_the_first_champion_is_refused(world: World) -> None:
    world.run(day(50))
    with pytest.raises(DataError, match="no champion before"):
        score(world, 49)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world whose champion was trained on day 50."""
    world = World(tmp_path_factory.mktemp("trained"))
    world.run(day(50))
    return world


@contextmanager
def without(file: Path) -> Iterator[bytes]:
    """Take a file away for a while."""
    content = file.read_bytes()
    file.unlink()
    yield content
    file.write_bytes(content)


def scored_rows(world: World, number: int) -> pd.DataFrame:
    return world.stores.predictions.read("returns", start=day(number - 1), end=day(number))


def test_scoring_again_leaves_equal_bytes_in_every_column(trained: World) -> None:
    score(trained, 51, reasons=2)
    before = scored_rows(trained, 51)
    score(trained, 51, run_id="again", reasons=2)
    pd.testing.assert_frame_equal(scored_rows(trained, 51), before, check_exact=True)
    score(trained, 51, run_id="without")
    without = scored_rows(trained, 51)
    assert without["reasons"].isna().all()
    columns = [column for column in before.columns if column != "reasons"]
    pd.testing.assert_frame_equal(without[columns], before[columns], check_exact=True)


def test_the_size_of_batches_changes_nothing(trained: World) -> None:
    score(trained, 53)
    night = open_night("score/53", trained.stores, threads=1)
    whole, parts = (
        score_frame(night, start=day(50), end=day(53), reasons=1, batch_rows=rows)
        for rows in (10_000, 17)
    )
    assert len(whole) > 100
    pd.testing.assert_frame_equal(whole, parts, check_exact=True)


def test_a_rows_digest_does_not_depend_on_its_neighbours() -> None:
    rows = pd.DataFrame({"size": [1, 2, 3], "town": ["Bern", "Cork", None]})
    alone = pd.DataFrame({"size": [2.0], "town": pd.Categorical(["Cork"])})
    assert feature_digests(rows)[1:2] == feature_digests(alone)


def test_reasons_name_the_features_that_moved_a_score_and_add_up_to_it(trained: World) -> None:
    score(trained, 51, reasons=2)
    rows = scored_rows(trained, 51)
    documents = rows["reasons"].map(json.loads)
    log_odds = np.log(rows["prediction"] / (1 - rows["prediction"]))
    total = documents.map(
        lambda d: d["base"] + d["rest"] + sum(r["contribution"] for r in d["reasons"])
    )
    assert total.to_numpy() == pytest.approx(log_odds.to_numpy(), abs=1e-4)
    named = [reason["feature"] for document in documents for reason in document["reasons"]]
    # The outcome depends on the age and on whether the city is Lima.
    assert {len(document["reasons"]) for document in documents} == {2}
    assert pd.Series(named).value_counts().index[0] == "age"


def test_a_champion_whose_file_was_changed_is_refused_with_what_to_do(trained: World) -> None:
    (file,) = (trained.home / "lake/artifacts").rglob("candidate-*.predictor")
    with without(file) as content:
        file.write_bytes(content + b"!")
        with pytest.raises(ArtifactError, match=r"it was changed after it was written. Restore"):
            score(trained, 54)
    assert scored_rows(trained, 54).empty


def test_reasons_of_a_version_without_a_kept_profile_are_refused(trained: World) -> None:
    (kept,) = (trained.home / "lake/artifacts").rglob("reference-*.parquet")
    with without(kept):
        with pytest.raises(ArtifactError, match="reference"):
            score(trained, 51, reasons=3)
        assert score(trained, 51, run_id="no reasons").rows > 0


def test_predictions_of_before_there_were_reasons_are_kept(tmp_path: Path) -> None:
    table = PredictionTable(str(tmp_path / "older"))
    rows = pd.DataFrame(
        {
            "prediction_id": ["a", "b"],
            "key": ["1", "2"],
            "prediction_time": pd.to_datetime([day(1), day(2)], utc=True).as_unit("us"),
            "prediction": [0.1, 0.2],
            "model_version": "1",
            "as_of": pd.to_datetime([day(3), day(3)], utc=True).as_unit("us"),
            "features_digest": "0",
        }
    )
    write_without_reasons(tmp_path / "older/predictions/shop", rows)
    later = rows[1:].assign(reasons="{}", decision=None)
    table.replace("shop", later, start=day(2), end=day(3))
    read = table.read("shop", start=day(0), end=day(9))
    assert read["key"].tolist() == ["1", "2"]
    assert read["reasons"].isna().tolist() == [True, False]


def write_without_reasons(path: Path, rows: pd.DataFrame) -> None:
    from deltalake import write_deltalake

    days = rows["prediction_time"].dt.strftime("%Y-%m-%d")
    write_deltalake(str(path), rows.assign(day=days), partition_by=["day"])


def test_a_predicted_class_is_named_as_the_spec_names_it(world: World) -> None:
    world.visits["returned"] = world.visits["returned"].astype(float)  # as beside missing labels
    world.document |= {"task": "multiclass"}
    world.document["data"]["tables"]["outcomes"]["columns"] = {"returned": "float"}
    world.document["search"] |= {"algorithms": ["linear"], "trials": 1}
    world.write()
    world.run(day(50))
    score(world, 51)
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    assert set(rows["prediction"]) == {"0", "1"}
