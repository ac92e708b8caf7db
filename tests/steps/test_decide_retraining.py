"""Whether a night trains: a table of cases, since the rule is a pure function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lamplighter.contracts import ArtifactRef, DriftRef
from lamplighter.evaluation.ageing import Ageing
from lamplighter.evaluation.loss_change import LossChange
from lamplighter.spec import ModelSpec
from lamplighter.steps.retraining_rule import Situation, refit_rule, retraining_rule
from world import World, day

TABLE = {"source": {"csv": "a.csv"}, "key": ["id"]}
WEDNESDAY = datetime(2024, 5, 1, 3, tzinfo=UTC)
FILE = ArtifactRef(key="k", digest="d", size_bytes=1)


def spec(*, timed: bool = True, **retrain: Any) -> ModelSpec:
    table = {**TABLE, "event_time": "at"} if timed else TABLE
    document: dict[str, Any] = {
        "model": "m",
        "owner": {"team": "t"},
        "task": "binary",
        "data": {"tables": {"t": table}, "target": "y"},
        "retrain": retrain,
    }
    if timed:
        document["time"] = {"start": "2024-01-01"}
    return ModelSpec.model_validate(document)


def rose(p_value: float) -> LossChange:
    return LossChange("log_loss", 0.6, 0.5, 0.1, 0.03, p_value, 7, 28, "2024-04-20", "2024-04-26")


def drifted(*columns: str) -> DriftRef:
    return DriftRef(
        key="k", report=FILE, document=FILE, rows=1, first_day=None, last_day=None,
        champion_version="1", against="training", columns=5, drifted_columns=len(columns),
        drifted=columns,
    )  # fmt: skip


def trained(*days_ago: float) -> dict[str, Any]:
    return {"trainings": tuple(WEDNESDAY - timedelta(days=days) for days in days_ago)}


MONEY = {"training_cost": 45, "loss_cost_per_1000": 1000}
AGES = {"ageing": Ageing(0.001, 5), "rows_per_day": 900.0}  # pays after 10 days
FROZEN = {"frozen": "frozen by retrain.freeze"}

CASES = [
    ("no champion", {}, {"champion": None}, True, "no champion yet"),
    ("frozen without a champion", {}, {"champion": None, **FROZEN}, True, "no champion yet"),
    ("champion gone", {"policy": "never"}, {"champion_problem": "no file"}, True, "used any more"),
    ("never", {"policy": "never"}, {}, False, "never"),
    ("asked for", {"policy": "never"}, {"forced_because": "x"}, True, "asked for: x"),
    ("nightly", {}, {}, True, "nightly"),
    ("nightly, frozen", {}, FROZEN, False, "nightly; but frozen by retrain.freeze"),
    ("nightly, challenged", {}, {"challenger": "7"}, False, "version 7 collects evidence"),
    ("allowed", {"while_challenged": True}, {"challenger": "7"}, True, "nightly"),
    ("loss in spite", {}, {"challenger": "7", "loss": rose(0.001)}, True, "beyond its usual"),
    ("rest in spite", {}, {"challenger": "7", "loss": rose(0.001), **trained(5)}, False, "cool"),
    ("cool-down", {"cool_down": "3d"}, trained(2), False, "was 2 days ago, and the cool-down is 3"),
    ("cooled down", {"cool_down": "3d"}, trained(3), True, "nightly"),
    ("budget", {"weekly_trainings": 2}, trained(1, 6), False, "2 trainings in seven days"),
    ("budget left", {"weekly_trainings": 2}, trained(1, 7), True, "nightly"),
    ("week done", {"policy": "weekly"}, trained(3), False, "since sunday, 2024-04-28, there was a"),
    ("week not done", {"policy": "weekly"}, trained(4), True, "2024-04-28, there was none"),
    ("today", {"policy": "weekly", "weekday": "wednesday"}, trained(7), True, "05-01, there w"),
    ("loss as usual", {"policy": "on_loss"}, {"loss": rose(0.02)}, False, "within its usual band"),
    ("loss rose", {"policy": "on_loss"}, {"loss": rose(0.005)}, True, "beyond its usual band"),
    ("loss unknown", {"policy": "on_loss"}, {}, False, "too few matured days"),
    ("rests", {"policy": "on_loss"}, {"loss": rose(0), **trained(6)}, False, "cool-down is 7 days"),
    ("drift alone", {"policy": "on_drift"}, {"drift": drifted("a"), "loss": rose(0.4)}, False,
     "did not rise with them"),
    ("drift and loss", {"policy": "on_drift"}, {"drift": drifted("a"), "loss": rose(0.1)}, True,
     "1 column drifted, a among them, and the loss rose"),
    ("drift and no loss known", {"policy": "on_drift"}, {"drift": drifted("a")}, False,
     "not known yet"),
    ("another column", {"policy": "on_drift", "on_drift": {"columns": ["b"]}},
     {"drift": drifted("a"), "loss": rose(0.1)}, False, "0 columns drifted"),
    ("too few columns", {"policy": "on_drift", "on_drift": {"min_columns": 2}},
     {"drift": drifted("a"), "loss": rose(0.1)}, False, "1 column drifted, 2 are needed"),
    ("loss alone", {"policy": "on_drift"}, {"loss": rose(0.001)}, False, "0 columns drifted"),
    ("not yet dear", {"policy": "cost_aware", "economics": MONEY}, {**AGES, **trained(9)}, False,
     "pays after 10 days"),
    ("dear", {"policy": "cost_aware", "economics": MONEY}, {**AGES, **trained(10)}, True,
     "pays after 10 days"),
    ("no history", {"policy": "cost_aware", "economics": MONEY}, trained(7), True, "once a week"),
    ("ageless", {"policy": "cost_aware", "economics": MONEY},
     {"ageing": Ageing(-0.1, 5), "rows_per_day": 9.0, **trained(61)}, True, "longest_wait is 60"),
    ("same data", {"timed": False}, {"unchanged": "the same"}, False, "the same"),
    ("new data", {"timed": False}, {}, True, "has changed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "given", "retrain", "said"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_the_rule_decides(
    declared: dict[str, Any], given: dict[str, Any], retrain: bool, said: str
) -> None:
    situation = Situation(as_of=WEDNESDAY, **{"champion": "1", **given})
    decided, reason = retraining_rule(spec(**declared), situation)
    assert (decided, reason) == (retrain, reason)
    assert said in reason


def test_cost_aware_without_economics_is_refused_with_what_is_missing() -> None:
    with pytest.raises(ValidationError, match="training_cost and loss_cost_per_1000"):
        spec(policy="cost_aware")


@pytest.mark.parametrize("policy", ["on_loss", "on_drift", "cost_aware"])
def test_a_policy_that_looks_at_days_is_refused_without_time(policy: str) -> None:
    with pytest.raises(ValidationError, match=f"policy is {policy}, which looks at days"):
        spec(timed=False, policy=policy, economics=MONEY)


def test_every_night_has_its_numbers_in_the_ledger_trained_or_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.document["retrain"] = {"policy": "on_loss", "on_loss": {"days": 3}}
    world.write()
    world.run(day(40))
    assert world.run(day(58)).outcome == "no_training"
    skipped, first = world.stores.ledger.decisions("returns", kind="retraining")
    assert (first.verdict, skipped.verdict) == ("retrain", "skip")
    loss = skipped.evidence["loss"]
    assert (loss["recent_days"], loss["last_day"]) == (3, "2024-02-26")
    # The champion's cut-off is the 28th of January: later days alone say what is usual.
    assert loss["usual_days"] == 28 - 1
    assert skipped.evidence["days_since_training"] == 18
    assert "within its usual band" in skipped.reason


ASKED_FOR = {"refit": "after_promotion"}
DUE = {"refit_of": "1"}

REFITS = [
    ("due", ASKED_FOR, DUE, True, "version 1 became champion and is fitted again"),
    ("before a weekly search", {**ASKED_FOR, "policy": "weekly"}, {**DUE, **trained(30)}, True,
     "fitted again"),
    ("made already", ASKED_FOR, {}, False, ""),
    ("impossible", ASKED_FOR, {"no_refit": "it was adopted"}, False, "it was adopted"),
    ("place taken", ASKED_FOR, {**DUE, "challenger": "2"}, False, ""),
    ("place taken, trains all the same", {**ASKED_FOR, "while_challenged": True},
     {**DUE, "challenger": "2"}, False, ""),
    ("a person asks for a search", ASKED_FOR, {**DUE, "forced_because": "x"}, False, ""),
    ("champion gone", ASKED_FOR, {**DUE, "champion_problem": "no file"}, False, ""),
    ("no champion", ASKED_FOR, {**DUE, "champion": None}, False, ""),
    ("frozen", ASKED_FOR, {**DUE, **FROZEN}, False, "version 1 is due, but frozen"),
    ("cool-down", {**ASKED_FOR, "cool_down": "3d"}, {**DUE, **trained(2)}, False, "is 3 days"),
    ("rests after a loss", {**ASKED_FOR, "policy": "on_loss"}, {**DUE, **trained(6)}, False,
     "due, but the last training was 6 days ago, and the cool-down is 7 days"),
    ("budget", {**ASKED_FOR, "weekly_trainings": 1}, {**DUE, **trained(1)}, False,
     "1 training in seven days"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "given", "refit", "said"),
    [case[1:] for case in REFITS],
    ids=[case[0] for case in REFITS],
)
def test_a_refit_is_made_once_where_nothing_holds_a_training_back(
    declared: dict[str, Any], given: dict[str, Any], refit: bool, said: str
) -> None:
    situation = Situation(as_of=WEDNESDAY, **{"champion": "1", **given})
    decided, reason = refit_rule(spec(**declared), situation)
    assert decided == refit
    assert said in reason if said else reason == ""


def test_a_refit_is_refused_where_no_day_could_judge_it() -> None:
    with pytest.raises(ValidationError, match="refit holds nothing out, so that only days to come"):
        spec(timed=False, refit="after_promotion")


def test_a_refit_under_the_policy_never_is_refused_as_a_contradiction() -> None:
    with pytest.raises(ValidationError, match="only a person may ask for a training; leave refit"):
        spec(policy="never", refit="after_promotion")
