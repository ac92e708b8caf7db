"""A spec that says what mistakes cost: its model decides, its report says what that costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import SpecError
from lamplighter.spec.load import load_spec
from lamplighter.steps.evaluate_candidate import evaluate_candidate
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_interval
from lamplighter.steps.select_features import select_features
from lamplighter.steps.train_ensemble import train_ensemble
from lamplighter.steps.validate_data import take_snapshot, validate_data
from lamplighter.training.predictor import Predictor
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
COSTS = {1: {0: 9.0}, 0: {1: 1.0}}


def score(world: World, number: int) -> None:
    request, stores = RunRequest(as_of=day(number)), world.stores
    resolve_spec(world.spec_path, request, run_id="score", actor=ANNA, stores=stores)
    night = open_night("score", stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    score_interval(night, snapshot, start=day(number - 1), end=day(number))


def test_costs_reach_the_report_and_the_scored_predictions(world: World) -> None:
    world.document["decision"] = {"costs": COSTS}
    world.write()
    world.run(day(50), run_id="first")
    night = open_night("first", world.stores, threads=1)
    examples = select_features(night, take_snapshot(night))
    candidate = train_ensemble(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    assert candidate.threshold == pytest.approx(0.1, abs=0.05)

    evaluation = evaluate_candidate(night, examples, candidate)
    cost, base = evaluation.metrics["cost"], evaluation.base_rate_metrics["cost"]
    assert cost.lower < cost.value < base.value
    document = json.loads(night.artifacts.read(evaluation.document))
    assert document["candidate"]["threshold"] == candidate.threshold
    assert next(m for m in document["metrics"] if m["name"] == "cost")["greater_is_better"] is False
    page = night.artifacts.read(evaluation.report).decode()
    assert "decides for the positive class from" in page

    score(world, 51)
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    expected = (rows["prediction"] >= predictor.rule.threshold).map({True: "1", False: "0"})
    assert rows["decision"].tolist() == expected.tolist()
    assert set(rows["decision"]) == {"0", "1"}


def test_costs_of_a_class_that_does_not_exist_stop_the_night_before_the_search(
    world: World,
) -> None:
    world.document |= {"task": "multiclass", "decision": {"costs": {"1": {"maybe": 2.0}}}}
    world.write()
    with pytest.raises(SpecError, match="'maybe', which no training row has; the target has 0, 1"):
        world.run(day(50))
    assert not world.stores.ledger.trials("returns")


def test_without_costs_nothing_is_decided(world: World) -> None:
    world.run(day(50))
    score(world, 51)
    rows = world.stores.predictions.read("returns", start=day(50), end=day(51))
    assert rows["decision"].isna().all()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision": {"costs": {2: {0: 1.0}}}}, "names the class '2'; the classes of a binary"),
        ({"decision": {"costs": {1: {0: float("inf")}}}}, "got inf, expected a finite number"),
        ({"ensemble": {"quantiles": [0.1, 0.9]}}, "quantiles is for the task regression"),
        ({"ensemble": {"quantiles": [0.9, 0.1]}}, "expected rising levels between 0 and 1"),
        (
            {"task": "regression", "decision": {"costs": COSTS}},
            "decision.costs is for classes, and the task is regression",
        ),
    ],
)
def test_what_cannot_be_decided_is_refused_by_the_spec(
    world: World, changes: dict[str, Any], said: str
) -> None:
    world.document |= changes
    Path(world.spec_path).write_text(yaml.safe_dump(world.document))
    with pytest.raises(SpecError, match=said):
        load_spec(world.spec_path)
