"""Whether a night trains: a table of cases, since the rule is a pure function."""

from __future__ import annotations

from typing import Any

import pytest

from lamplighter.spec import ModelSpec
from lamplighter.steps.decide_retraining import retraining_rule

TABLE = {"source": {"csv": "a.csv"}, "key": ["id"]}


def spec(*, timed: bool, policy: str = "nightly") -> ModelSpec:
    table = {**TABLE, "event_time": "at"} if timed else TABLE
    document: dict[str, Any] = {
        "model": "m",
        "owner": {"team": "t"},
        "task": "binary",
        "data": {"tables": {"t": table}, "target": "y"},
        "retrain": {"policy": policy},
    }
    if timed:
        document["time"] = {"start": "2024-01-01"}
    return ModelSpec.model_validate(document)


CASES = [
    ("no champion", {"timed": True}, {"champion": None}, True, "no champion yet"),
    ("nightly", {"timed": True}, {}, True, "nightly"),
    ("never", {"timed": True, "policy": "never"}, {}, False, "never"),
    (
        "asked for",
        {"timed": True, "policy": "never"},
        {"forced_because": "x"},
        True,
        "asked for: x",
    ),
    ("same data", {"timed": False}, {"champion_snapshot": "new"}, False, "not changed"),
    ("judged before", {"timed": False}, {"judged_snapshot": "new"}, False, "judged on this very"),
    ("changed data", {"timed": False}, {"judged_snapshot": "older"}, True, "has changed"),
]


@pytest.mark.parametrize(
    ("declared", "given", "retrain", "said"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_rule_decides(
    declared: dict[str, Any], given: dict[str, Any], retrain: bool, said: str
) -> None:
    usual: dict[str, Any] = {
        "champion": object(),
        "champion_snapshot": "old",
        "judged_snapshot": None,
        "snapshot": "new",
        "forced_because": None,
    }
    decided, reason = retraining_rule(spec(**declared), **{**usual, **given})
    assert decided is retrain
    assert said in reason
