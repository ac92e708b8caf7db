"""The gate: three verdicts, in a written order, each with its reason."""

import re

import numpy as np
import pytest

from lamplighter.contracts import Estimate, Evidence
from lamplighter.errors import SpecError
from lamplighter.evaluation.evaluate import evaluate
from lamplighter.evaluation.gate import GateRule, GuardResult, decide
from lamplighter.spec.gate import Gate

RULE = GateRule()
KEPT = GuardResult("roc_auc", 0.75, 0.748, 0.002, 0.005)
BROKEN = GuardResult("roc_auc", 0.75, 0.74, 0.01, 0.005)


def days_of(blocks, lower, upper):
    return Evidence(
        metric="log_loss",
        blocks=blocks,
        rows=900 * blocks,
        gain=Estimate(value=(lower + upper) / 2, lower=lower, upper=upper),
        p_value=0.5,
        lag1=0.2,
        first_block="2013-06-17",
        last_block="2013-06-30",
    )


BETTER, WORSE, UNCLEAR = (days_of(14, *ends) for ends in ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.3)))
NO_INTERVAL = days_of(1, 0, 0).model_copy(update={"gain": None})


@pytest.mark.parametrize(
    ("evidence", "has_champion", "problems", "guards", "verdict", "reason"),
    [
        (BETTER, True, (), (), "promote", "log_loss is better by 0.20000 over 14 days"),
        (WORSE, True, (), (), "reject", "log_loss is worse by 0.20000 over 14 days"),
        (UNCLEAR, True, (), (), "inconclusive", "does not lie above 0, nor below 0"),
        (BETTER, True, ("it predicts NaN",), (), "reject", "not sane: it predicts NaN"),
        (None, False, ("it predicts NaN",), (), "reject", "not sane: it predicts NaN"),
        (None, False, (), (), "promote", "first model"),
        (None, True, (), (), "inconclusive", "no evidence that neither model saw"),
        (NO_INTERVAL, True, (), (), "inconclusive", "1 day (.*) of evidence, 10 are needed"),
        (days_of(9, 0.1, 0.3), True, (), (), "inconclusive", "9 days .* 10 are needed"),
        (days_of(9, -0.3, -0.1), True, (), (), "inconclusive", "9 days .* 10 are needed"),
        (days_of(10, 0.1, 0.3), True, (), (), "promote", "over 10 days"),
        (BETTER, True, (), (KEPT,), "promote", "better"),
        (BETTER, True, (), (KEPT, BROKEN), "reject", "worse by 0.0100 where 0.005 is allowed"),
    ],
)
def test_verdict_and_reason(evidence, has_champion, problems, guards, verdict, reason):
    ruling = decide(evidence, RULE, has_champion=has_champion, problems=problems, guards=guards)
    assert ruling.verdict == verdict
    assert re.search(reason, ruling.reason)


def test_a_guard_that_could_not_be_measured_is_not_kept():
    unknown = GuardResult("roc_auc", None, None, None, 0.005)
    ruling = decide(BETTER, RULE, has_champion=True, guards=[unknown])
    assert (ruling.verdict, unknown.kept) == ("reject", False)
    assert "could not be measured for both models" in ruling.reason


def test_the_least_gain_must_be_reached_by_the_lower_bound():
    assert decide(BETTER, GateRule(min_gain=0.05), has_champion=True).verdict == "promote"
    assert decide(BETTER, GateRule(min_gain=0.1), has_champion=True).verdict == "inconclusive"


def test_where_rows_are_the_blocks_the_reason_counts_rows():
    rows = BETTER.model_copy(update={"first_block": None, "last_block": None})
    assert "over 14 rows:" in decide(rows, RULE, has_champion=True).reason


def test_the_rule_is_the_specs():
    gate = Gate(min_blocks=12, confidence=0.9, min_gain=0.01, guards={"roc_auc": 0.005})
    assert GateRule.of(gate, "binary") == GateRule(12, 0.9, 0.01, (("roc_auc", 0.005),))


def test_the_default_rule_is_the_default_of_the_spec():
    assert GateRule.of(Gate(), "binary") == GateRule()


def test_a_guard_that_is_no_metric_of_the_task_is_refused():
    with pytest.raises(SpecError, match=r"gate.guards: 'roc_auc' is not a metric of a regression"):
        GateRule.of(Gate(guards={"roc_auc": 0.005}), "regression")


# From predictions to verdict, through everything between.

TRUE_GAIN, PURE_NOISE, WORSE_MODEL = "promote", "inconclusive", "reject"
SKILL_OF_CANDIDATE = {TRUE_GAIN: 1.2, PURE_NOISE: 0.6, WORSE_MODEL: 0.2}


def judged(expected, *, timed, seed):
    """A fortnight of days like those of flights, or rows without days. Champion: .6 of 1.2."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(14), 900 if timed else 300)
    seen, unseen, x = rng.normal(size=(3, len(day)))
    log_odds = -1 + 0.5 * timed * rng.normal(size=14)[day] + 1.2 * x + 0.3 * unseen
    y = rng.random(len(day)) < 1 / (1 + np.exp(-log_odds))

    def predict(skill, jitter):
        return 1 / (1 + np.exp(1 - skill * x - jitter))

    evaluation = evaluate(
        y,
        predict(SKILL_OF_CANDIDATE[expected], 0.05 * seen),
        [f"2013-06-{d + 17:02d}" for d in day] if timed else None,
        task="binary",
        base_rate=0.3,
        champion_prediction=predict(0.6, 0.05 * rng.normal(size=len(day))),
    )
    return decide(evaluation.evidence, RULE, has_champion=True, problems=evaluation.problems)


@pytest.mark.parametrize("timed", [True, False], ids=["days", "rows"])
@pytest.mark.parametrize("expected", SKILL_OF_CANDIDATE, ids=["gain", "noise", "worse"])
def test_the_gate_reaches_each_verdict(expected, timed):
    verdicts = [judged(expected, timed=timed, seed=seed).verdict for seed in range(12)]
    assert verdicts.count(expected) >= 10
