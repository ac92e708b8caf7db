"""The gate's checks in a night: what they judge by, where they are told, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lamplighter.contracts import RunReport
from lamplighter.data.examples import feature_view, known_examples
from lamplighter.errors import LamplighterError
from lamplighter.features.build import build_features
from lamplighter.spec import load_spec
from lamplighter.steps.checkable import columns_to_check
from lamplighter.training.predictor import Predictor
from world import World, day, visits

GATE: dict[str, Any] = {
    "slices": {
        "by": {"city": {"values": ["Lima", "Oslo"]}, "age": {"edges": [30, 50]}, "sex": {}},
        "worse_by": 0.5,
        "bound": 0.9,
        "min_rows": 50,
    },
    "fairness": {
        "by": {"sex": {}, "city": {}},
        "limits": {"demographic_parity_difference": 0.1},
    },
    "calibration": {"max_error": 0.3, "slope": [0.2, 5.0]},
    "cost": {"worse_by": 1.0, "bound": 4.0},
    "max_latency_ms_per_1k": 60_000,
    "max_size_mb": 50,
    "behaviour": {
        "monotonicity": [{"column": "age", "by": 10, "tolerance": 0.01, "violations": 0.2}],
        "functionality": [{"name": "old in Lima", "rows": [{"age": 75}], "above": 0.5}],
    },
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[RunReport]]:
    """A world whose first night has no checks, and whose second has all of them."""
    rows = visits().assign(sex=lambda f: ["F" if n % 3 else "M" for n in range(len(f))])
    world = World(tmp_path_factory.mktemp("checked"), visits=rows)
    world.document["features"] = {"drop": ["sex"]}
    world.document["decision"] = {"costs": {"1": {"0": 5.0}, "0": {"1": 2.0}}}
    world.document["retrain"] = {"while_challenged": True}
    world.write()
    first = world.run(day(50))
    world.document["gate"] = GATE
    world.write()
    return world, [first, world.run(day(52))]


def stored(world: World, name: str) -> list[Path]:
    """Return the files of the artifact store by the time they were written."""
    found = Path(world.paths.artifacts).rglob(name)
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def test_without_a_section_nothing_is_checked_and_no_column_is_carried(
    nights: tuple[World, list[RunReport]],
) -> None:
    world, _ = nights
    before = json.loads(stored(world, "evaluation-*.json")[0].read_text())
    assert before["checks"] == []
    examples = pd.read_parquet(stored(world, "examples-*.parquet")[0])
    assert not [name for name in examples if name.startswith("judged:")]


def test_a_protected_column_judges_and_is_not_learnt_from(
    nights: tuple[World, list[RunReport]],
) -> None:
    world, _ = nights
    examples = pd.read_parquet(stored(world, "examples-*.parquet")[-1])
    assert {"judged:sex", "feature:city"} <= set(examples)
    assert "feature:sex" not in examples
    candidates = [
        Predictor.from_bytes(path.read_bytes()) for path in stored(world, "candidate-*.predictor")
    ]
    assert len(candidates) == 2
    assert all("sex" not in candidate.features for candidate in candidates)
    document = json.loads(stored(world, "evaluation-*.json")[-1].read_text())
    sexes = {c["about"] for c in document["checks"] if c["what"] == "selection_rate"}
    assert {"sex F", "sex M"} <= sexes


def test_a_broken_limit_rejects_and_stands_in_decision_document_and_page(
    nights: tuple[World, list[RunReport]],
) -> None:
    world, (_, second) = nights
    assert second.outcome == "reject"
    document = json.loads(stored(world, "evaluation-*.json")[-1].read_text())
    (broken,) = [check for check in document["checks"] if check["kept"] is False]
    assert (broken["section"], broken["what"]) == ("fairness", "demographic_parity_difference")
    assert broken["sentence"] in document["problems"]
    decisions = world.stores.ledger.decisions("returns")
    rejected = next(d for d in decisions if d.kind == "promotion" and d.as_of == day(52))
    assert rejected.evidence["problems"] == [broken["sentence"]]
    page = stored(world, "evaluation-*.html")[-1].read_text()
    assert "demographic_parity_difference of city is" in page
    assert "city Oslo is missing from the hold-out (gate.slices.missing: note" in page


def test_every_kind_of_check_is_made_and_compared_with_the_champion(
    nights: tuple[World, list[RunReport]],
) -> None:
    world, _ = nights
    document = json.loads(stored(world, "evaluation-*.json")[-1].read_text())
    found = {(c["section"], c["what"]) for c in document["checks"]}
    assert {
        ("slices", "log_loss"),
        ("slices", "log_loss worse by"),
        ("calibration", "expected_calibration_error"),
        ("calibration", "calibration_slope"),
        ("cost", "cost worse by"),
        ("size", "size_mb"),
        ("latency", "latency_ms_per_1k"),
        ("behaviour", "monotonicity"),
        ("behaviour", "minimum functionality"),
    } <= found
    ages = [c["about"] for c in document["checks"] if c["about"].startswith("age ")]
    assert {"age below 30", "age 30 to below 50", "age from 50"} <= set(ages)


def test_latency_is_measured_once_for_a_candidate(nights: tuple[World, list[RunReport]]) -> None:
    world, _ = nights
    (kept,) = stored(world, "latency-*.json")
    assert json.loads(kept.read_text())["timings"] == 5


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (
            {"slices": {"by": {"citi": {}}}},
            "gate.slices.by.citi names 'citi', which is neither a feature nor a column of visits; "
            "the nearest name is 'city'; correct the spec",
        ),
        (
            {"fairness": {"by": {"returned": {}}}},
            "gate.fairness.by.returned names 'returned', which is neither a feature nor a column",
        ),
        (
            {"slices": {"by": {"city": {"edges": [1, 2]}}}},
            "gate.slices.by.city: 'city' holds str, and its edges are for numbers",
        ),
        (
            {"slices": {"by": {"city": {}}, "metric": "log_los"}},
            "gate.slices.metric: 'log_los' is not a metric of a binary model; did you mean "
            "'log_loss'",
        ),
        (
            {"behaviour": {"monotonicity": [{"column": "sex", "by": 1}]}},
            "gate.behaviour.monotonicity.0.column names 'sex', which is no feature",
        ),
        (
            {"behaviour": {"monotonicity": [{"column": "city", "by": 1}]}},
            "gate.behaviour.monotonicity.0.column names 'city', which holds str; only a number",
        ),
        (
            {"behaviour": {"invariance": [{"column": "age", "values": ["old", "young"]}]}},
            "gate.behaviour.invariance.0 gives 'age' the value 'old', and the feature holds float",
        ),
        (
            {"behaviour": {"functionality": [{"name": "x", "rows": "os:getcwd", "above": 0}]}},
            "os:getcwd is outside the allowed packages",
        ),
    ],
)
def test_what_cannot_be_checked_is_refused_before_the_search(
    nights: tuple[World, list[RunReport]], tmp_path: Path, gate: dict[str, Any], message: str
) -> None:
    world, _ = nights
    spec_path = tmp_path / "returns.yaml"
    document = world.document | {"gate": gate}
    spec_path.write_text(json.dumps(document))
    spec = load_spec(spec_path)
    lake = world.stores.lake
    examples = known_examples(spec, lake, as_of=day(52), knowledge_time=day(52))
    view = feature_view(spec, lake, as_of=day(52))
    with pytest.raises(LamplighterError) as refused:
        columns_to_check(spec, examples, view, build_features(spec, examples, view))
    assert message in str(refused.value)
