"""Evaluating a day of the past: by who was champion then, by what was known then, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lamplighter.contracts import RunRequest
from lamplighter.data.examples import feature_view, interval_examples, known_examples
from lamplighter.errors import ArtifactError, DataError, UsageError
from lamplighter.evaluation.metrics import METRICS, measure
from lamplighter.features.build import build_features
from lamplighter.steps.evaluate_interval import evaluate_interval
from lamplighter.steps.load_version import load_version
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from past_days import ANNA, contents, evaluate, ingest, next_night, rows
from world import World, day


def test_a_day_is_judged_by_the_labels_of_its_end_of_their_maturity_and_in_hindsight(
    past: World,
) -> None:
    evaluate(past, 53)
    found = [(e.version, e.knowledge_time, e.hindsight) for e in rows(past)]
    assert found == [("2", day(53), False), ("2", day(54), False), ("2", day(54), True)]
    at_the_end, matured, hindsight = rows(past)
    visits = past.visits["seen_at"].between(day(52), day(53), inclusive="left")
    # Outcomes are known 20 hours later.
    known = visits & (past.visits["seen_at"] <= day(53) - timedelta(hours=20))
    assert at_the_end.rows == matured.rows == visits.sum()
    assert (at_the_end.labelled_rows, matured.labelled_rows) == (known.sum(), visits.sum())
    assert at_the_end.details["matured_rows"] == 0
    assert matured.details["matured_rows"] == visits.sum()
    # All features of a visit are known when it is predicted, so hindsight adds nothing.
    assert hindsight.metrics == matured.metrics


def test_the_numbers_are_those_that_scoring_the_day_then_would_have_given(past: World) -> None:
    evaluate(past, 53)
    night = open_night(next_night(past, 53), past.stores, threads=1)
    examples = interval_examples(night.spec, night.lake, start=day(52), end=day(53))
    view = feature_view(night.spec, night.lake, as_of=day(53))
    features = build_features(night.spec, examples, view)
    predicted = load_version(past.stores, "returns", "2").predict(features)
    known = known_examples(night.spec, night.lake, as_of=day(53), knowledge_time=day(54))
    labels = known.set_index("visit_id")["label"].reindex(examples["visit_id"]).to_numpy()
    (matured,) = rows(past, knowledge_time=day(54), hindsight=False)
    for name in ("log_loss", "roc_auc", "brier"):
        expected = measure(METRICS[name], labels, predicted)
        assert matured.metrics[name]["value"] == pytest.approx(expected, abs=1e-15), name
        assert matured.metrics[name]["lower"] < expected < matured.metrics[name]["upper"]


def test_each_day_names_who_was_champion_then_and_a_day_of_two_has_both(past: World) -> None:
    # Releases are valid from midnight, and so are days unless a tick is shifted to noon.
    past.document["schedule"] = {"cron": "0 12 * * *"}
    past.write()
    for number in (51, 52, 53):
        run_id = f"evaluate/{number}"
        request = RunRequest(as_of=day(number, 12), timeline=f"simulated:{number}")
        stores = past.stores
        resolve_spec(past.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
        evaluate_interval(open_night(run_id, stores, threads=1))
    found = {
        end: {e.version: e.rows for e in rows(past) if e.interval_end == end}
        for end in (day(51, 12), day(52, 12), day(53, 12))
    }
    seen = past.visits["seen_at"]
    between = [seen.between(day(50, h), day(50, h + 12), inclusive="left").sum() for h in (12, 24)]
    assert found[day(51, 12)] == {"1": between[0], "2": between[1]}
    assert [set(found[day(n, 12)]) for n in (52, 53)] == [{"2"}, {"2"}]


def test_before_the_first_champion_there_is_no_champion_and_no_number(past: World) -> None:
    evaluate(past, 50)
    assert {(e.version, e.chosen_by) for e in rows(past)} == {("none", "champion")}
    assert all(e.metrics == {} and e.rows > 0 for e in rows(past))


def test_what_another_version_would_have_done_is_another_evaluation(past: World) -> None:
    evaluate(past, 53)
    evaluate(past, 53, by="version:1")
    evaluate(past, 53, by="current")
    matured = {e.chosen_by: e for e in rows(past, knowledge_time=day(54), hindsight=False)}
    assert {by: e.version for by, e in matured.items()} == {
        "champion": "2", "version:1": "1", "current": "2",
    }  # fmt: skip
    assert matured["current"].metrics == matured["champion"].metrics
    assert matured["version:1"].metrics != matured["champion"].metrics


def test_rows_from_before_a_versions_training_ended_are_counted(past: World) -> None:
    evaluate(past, 40, by="version:1")
    evaluate(past, 30, by="version:1")
    cutoff = past.stores.ledger.version("returns", "1").details["cutoff"]
    assert day(30) < datetime.fromisoformat(cutoff) <= day(39)
    assert {e.details["trained_before"] for e in rows(past, 40)} == {0}
    assert all(e.details["trained_before"] == e.rows > 0 for e in rows(past, 30))


def test_labels_of_a_later_time_give_another_evaluation_and_the_first_stays(past: World) -> None:
    evaluate(past, 53)
    before = contents(rows(past))
    evaluate(past, 53, knowledge_time=day(53, 10))
    (asked,) = rows(past, knowledge_time=day(53, 10))
    known = past.visits["seen_at"].between(day(52), day(52, 14))
    assert asked.labelled_rows == known.sum()
    assert [r for r in contents(rows(past)) if r["knowledge_time"] != day(53, 10)] == before


@pytest.mark.parametrize("order", [range(55, 47, -1), [*range(48, 56)] * 2])
def test_the_order_of_days_and_how_often_change_nothing(
    past: World, order: Iterable[int], expected_once: list[dict[str, Any]]
) -> None:
    for number in order:
        evaluate(past, number)
    assert contents(rows(past)) == expected_once


def test_a_nightly_run_recomputes_days_whose_labels_have_matured_since(known: World) -> None:
    for number in (53, 54):
        evaluate(known, number, live=True)
    first = {e.knowledge_time: e for e in rows(known, 53, hindsight=False)}
    assert set(first) == {day(53), day(54)}
    assert first[day(53)].labelled_rows < first[day(54)].labelled_rows == first[day(54)].rows
    assert {e.knowledge_time for e in rows(known, 54)} == {day(54)}
    told = evaluate(known, 55, live=True)
    assert told.caught_up == (day(53),)


def test_days_that_nobody_recomputed_are_caught_up_with(known: World) -> None:
    for number in (53, 54, 56):
        told = evaluate(known, number, live=True)
    assert told.caught_up == (day(53),)
    assert {e.knowledge_time for e in rows(known, 54)} == {day(54), day(55)}


def test_rows_that_become_known_later_change_no_evaluation(
    past: World, expected_once: list[dict[str, Any]]
) -> None:
    late = past.visits[past.visits["seen_at"].between(day(49), day(54))].copy()
    late["returned"], late["known_at"] = 1 - late["returned"], day(57)
    past.visits["known_at"] = past.visits["seen_at"] + timedelta(hours=20)
    past.visits = pd.concat([past.visits, late], ignore_index=True)
    past.write()
    ingest(past, 58)
    for number in range(48, 56):
        evaluate(past, number)
    assert contents(rows(past)) == expected_once
    evaluate(past, 53, knowledge_time=day(58))
    (corrected,) = rows(past, knowledge_time=day(58))
    assert corrected.metrics["roc_auc"]["value"] < 0.5


def test_a_backfill_writes_nothing_but_evaluations(past: World) -> None:
    def everything_else() -> dict[str, Any]:
        ledger = past.stores.ledger
        return {
            "releases": ledger.releases("returns"),
            "decisions": ledger.decisions("returns"),
            "versions": ledger.versions("returns"),
            "predictions": past.stores.predictions.read("returns", start=day(0), end=day(60)).size,
            "files": sorted(str(p) for p in Path(past.paths.lake).rglob("*")),
        }

    before = everything_else()
    evaluate(past, 53)
    assert everything_else() == before
    assert rows(past)


def test_a_day_that_the_lake_does_not_hold_yet_is_refused_to_a_backfill(past: World) -> None:
    with pytest.raises(DataError, match=r"until 2024-02-26.* until 2024-02-27.*let a night ingest"):
        evaluate(past, 57)
    assert rows(past) == []
    assert evaluate(past, 57, live=True).written == 1


def test_a_day_without_examples_has_a_row_without_numbers(past: World) -> None:
    lonely = past.visits["seen_at"].between(day(56), day(57), inclusive="left")
    past.visits = past.visits[~lonely]
    past.document["data"]["validate"] = {"min_rows": 0}
    past.write()
    ingest(past, 59)
    evaluate(past, 57)
    assert [(e.version, e.rows, e.metrics) for e in rows(past)] == [("2", 0, {})] * 3


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("version:9", "returns has no version '9' in the ledger; it has 1, 2, 3"),
        ("newest", "by is 'newest', expected champion, current, or version:N"),
    ],
)
def test_who_cannot_be_judged_is_said_in_one_sentence(past: World, by: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        evaluate(past, 53, by=by)


def test_a_knowledge_time_before_the_days_end_is_refused(past: World) -> None:
    with pytest.raises(UsageError, match=r"before 2024-02-23T00:00:00.*choose a later one"):
        evaluate(past, 53, knowledge_time=day(52, 12))


def test_a_deleted_artifact_is_said_in_one_sentence(past: World) -> None:
    for file in Path(past.paths.artifacts).rglob("candidate-*.predictor"):
        file.unlink()
    with pytest.raises(ArtifactError) as said:
        evaluate(past, 53)
    assert "\n" not in str(said.value)
    assert rows(past) == []


def test_labels_that_contradict_each_other_are_said_with_their_key(past: World) -> None:
    table = past.stores.lake
    declared = open_night(next_night(past, 53), past.stores).spec.data.tables["outcomes"]
    seen = past.visits[past.visits["seen_at"].between(day(52), day(53))].head(1)
    twice = pd.concat([seen, seen])[["visit_id", "seen_at", "returned"]].reset_index(drop=True)
    twice["seen_at"] = twice["seen_at"].astype("datetime64[us, UTC]")
    twice["known_at"] = pd.Series([pd.Timestamp(day(56, 1))] * 2).astype("datetime64[us, UTC]")
    twice["returned"] = [0, 1]
    table.publish("returns", "outcomes", declared, twice, until=day(57), start=None)
    ingest(past, 57)
    number = seen["visit_id"].iloc[0]
    with pytest.raises(DataError, match=rf"2 labels that contradict.*visit_id={number}: 0 and 1"):
        evaluate(past, 53, knowledge_time=day(57))
    assert evaluate(past, 53).written == 3  # what was known before it happened is untouched


def test_a_version_of_another_target_is_not_compared(past: World) -> None:
    past.document["data"]["target"] = "visits.age"
    past.document["task"] = "regression"
    past.write()
    evaluate(past, 53)
    assert all("the two cannot be compared" in e.details["problem"] for e in rows(past))
    assert all(e.metrics == {} for e in rows(past))


def test_a_version_whose_feature_is_gone_says_which(past: World) -> None:
    past.document["features"] = {"drop": ["age"]}
    past.write()
    evaluate(past, 53)
    assert all("needs the features age" in e.details["problem"] for e in rows(past))
