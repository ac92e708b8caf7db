"""The gate: three verdicts, in a written order, each with its reason."""

import re

import numpy as np
import pytest

from lamplighter.contracts import Estimate, Evidence, NightsLook
from lamplighter.errors import SpecError
from lamplighter.evaluation.evaluate import evaluate
from lamplighter.evaluation.gate import GateRule, GuardResult, Tenure, decide
from lamplighter.spec.evidence import Evidence as EvidenceSection
from lamplighter.spec.gate import Gate

RULE = GateRule()
KEPT = GuardResult("roc_auc", 0.75, 0.748, 0.002, 0.005)
BROKEN = GuardResult("roc_auc", 0.75, 0.74, 0.01, 0.005)


def days_of(blocks, gain, standard_error=0.1):
    """Evidence over days of June, with 20 degrees of freedom."""
    reach = 2.086 * standard_error
    return Evidence(
        metric="log_loss",
        blocks=blocks,
        rows=900 * blocks,
        gain=Estimate(value=gain, lower=gain - reach, upper=gain + reach),
        p_value=0.5,
        lag1=0.2,
        standard_error=standard_error,
        degrees_of_freedom=20.0,
        first_block="2013-06-17",
        last_block="2013-06-30",
    )


LATE = Tenure(accrued_days=1, held_days=60, looks=(NightsLook(days=14, spent=1e-6, floor=-2.0),))
PAST = Tenure(accrued_days=1, held_days=75, looks=LATE.looks)
BETTER, WORSE, UNCLEAR = days_of(74, 0.5), days_of(14, -0.3), days_of(14, 0.1)
NO_INTERVAL = days_of(1, 0).model_copy(update={"gain": None})


@pytest.mark.parametrize(
    ("evidence", "has_champion", "problems", "guards", "verdict", "reason"),
    [
        (BETTER, True, (), (), "promote", "log_loss is better by 0.50000 over 74 days"),
        (WORSE, True, (), (), "reject", "log_loss is worse over 14 days"),
        (UNCLEAR, True, (), (), "inconclusive", "standard errors above 0, and .* are needed tonig"),
        (BETTER, True, ("it predicts NaN",), (), "reject", "not sane: it predicts NaN"),
        (None, False, ("it predicts NaN",), (), "reject", "not sane: it predicts NaN"),
        (None, False, (), (), "promote", "first model"),
        (None, True, (), (), "inconclusive", "no evidence that neither model saw"),
        (NO_INTERVAL, True, (), (), "inconclusive", "1 day (.*) of evidence, 10 are needed"),
        (days_of(9, 2.0), True, (), (), "inconclusive", "9 days .* 10 are needed"),
        (days_of(9, -2.0), True, (), (), "inconclusive", "9 days .* 10 are needed"),
        (days_of(10, 2.0), True, (), (), "promote", "over 10 days"),
        (BETTER, True, (), (KEPT,), "promote", "better"),
        (BETTER, True, (), (KEPT, BROKEN), "reject", "worse by 0.0100 where 0.005 is allowed"),
    ],
)
def test_verdict_and_reason(evidence, has_champion, problems, guards, verdict, reason):
    ruling = decide(
        evidence,
        RULE,
        has_champion=has_champion,
        problems=problems,
        guards=guards,
        tenure=LATE if evidence is BETTER else None,
    )
    assert ruling.verdict == verdict
    assert re.search(reason, ruling.reason)


def test_what_promotes_late_is_not_enough_on_the_first_night():
    some = days_of(40, 0.28)
    assert decide(some, RULE, has_champion=True).verdict == "inconclusive"
    assert decide(some, RULE, has_champion=True, tenure=LATE).verdict == "promote"


def test_nights_for_which_nobody_spent_of_the_budget_are_not_lost():
    some = days_of(40, 0.29)
    waited = Tenure(accrued_days=90)
    assert decide(some, RULE, has_champion=True, tenure=waited).verdict == "promote"


def test_a_night_without_a_new_day_cannot_promote():
    seen = Tenure(held_days=60, looks=(NightsLook(days=74, spent=1e-3, floor=-2.0),))
    ruling = decide(BETTER, RULE, has_champion=True, tenure=seen)
    assert (ruling.verdict, ruling.bound) == ("inconclusive", float("inf"))


def test_what_all_looks_may_spend_never_exceeds_their_part_of_the_year():
    looks = []
    for night in range(80):
        tenure = Tenure(accrued_days=1, held_days=night, looks=tuple(looks))
        ruling = decide(days_of(14 + night, 0.15), RULE, has_champion=True, tenure=tenure)
        assert ruling.verdict in ("inconclusive", "reject")
        looks.append(ruling.look)
        assert sum(look.spent for look in looks) <= 0.05 * (night + 1) / 365
    assert sum(look.spent for look in looks) == pytest.approx(0.05 * 76 / 365)


def test_patience_ends():
    some = days_of(88, 0.15)
    assert decide(some, RULE, has_champion=True, tenure=LATE).verdict == "inconclusive"
    ended = decide(some, RULE, has_champion=True, tenure=PAST)
    assert ended.verdict == "reject"
    assert "the patience of 75 days has run out" in ended.reason
    none = decide(None, RULE, has_champion=True, tenure=PAST)
    assert (none.verdict, "patience" in none.reason) == ("reject", True)


def test_a_challenger_that_is_behind_after_half_of_its_time_gives_up_its_place():
    early = Tenure(held_days=30, looks=LATE.looks)
    assert decide(days_of(44, -0.06), RULE, has_champion=True, tenure=early).verdict != "reject"
    ruling = decide(days_of(60, -0.06), RULE, has_champion=True, tenure=LATE)
    assert ruling.verdict == "reject"
    assert "after half of its time it is behind" in ruling.reason


def test_what_a_contender_did_not_spend_is_the_next_ones():
    a_day = 0.05 / 365
    frugal = Tenure(held_days=40, looks=(NightsLook(days=14, spent=15 * a_day, floor=-2.0),))
    assert frugal.unspent_days(RULE) == pytest.approx(1 + 40 - 15)


def test_a_guard_that_a_challenger_breaks_stops_its_promotion_and_nothing_else():
    waiting = decide(days_of(60, 0.17), RULE, has_champion=True, guards=[BROKEN], tenure=LATE)
    assert waiting.verdict == "inconclusive"
    winning = decide(BETTER, RULE, has_champion=True, guards=[BROKEN], tenure=LATE)
    assert winning.verdict == "reject"
    assert "better by 0.50000" in winning.reason
    assert "but a guard is broken" in winning.reason


def test_a_guard_broken_at_a_challengers_first_look_does_not_end_its_evidence():
    first = Tenure(held_days=6.0)
    waiting = decide(days_of(12, 0.17), RULE, has_champion=True, guards=[BROKEN], tenure=first)
    assert (waiting.verdict, waiting.look is None) == ("inconclusive", False)


def test_a_guard_that_could_not_be_measured_is_not_kept():
    unknown = GuardResult("roc_auc", None, None, None, 0.005)
    ruling = decide(BETTER, RULE, has_champion=True, guards=[unknown])
    assert (ruling.verdict, unknown.kept) == ("reject", False)
    assert "could not be measured for both models" in ruling.reason


def test_the_least_gain_is_what_the_bound_counts_from():
    def verdict(min_gain):
        rule = GateRule(min_gain=min_gain)
        return decide(BETTER, rule, has_champion=True, tenure=LATE).verdict

    assert verdict(0.1) == "promote"
    assert verdict(0.3) == "inconclusive"


def test_under_non_inferiority_a_model_may_be_a_little_worse():
    fresh = GateRule(margin=0.5)
    ruling = decide(days_of(74, -0.1), fresh, has_champion=True, tenure=LATE)
    assert ruling.verdict == "promote"
    assert "worse by 0.10000, which is within the margin of 0.5," in ruling.reason
    lost = decide(days_of(74, -0.8), fresh, has_champion=True, tenure=LATE)
    assert (lost.verdict, "worse by more than the margin" in lost.reason) == ("reject", True)


def test_where_rows_are_the_blocks_the_reason_counts_rows():
    rows = days_of(14, 2.0).model_copy(update={"first_block": None, "last_block": None})
    assert "over 14 rows:" in decide(rows, RULE, has_champion=True).reason


def test_the_rule_is_the_specs():
    gate = Gate(
        min_blocks=12,
        confidence=0.9,
        min_gain=0.01,
        guards={"roc_auc": 0.005},
        test="non_inferiority",
        margin=0.002,
    )
    evidence = EvidenceSection(false_promotions_per_year=0.1, patience_days=40)
    assert GateRule.of(gate, "binary", evidence) == GateRule(
        12, 0.9, 0.01, (("roc_auc", 0.005),), 0.002, 0.1, 40
    )


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
    # Nobody was looked at for a season, so that much of the year's budget may be spent at once.
    return decide(
        evaluation.evidence,
        RULE,
        has_champion=True,
        problems=evaluation.problems,
        tenure=Tenure(accrued_days=75),
    )


@pytest.mark.parametrize("timed", [True, False], ids=["days", "rows"])
@pytest.mark.parametrize("expected", SKILL_OF_CANDIDATE, ids=["gain", "noise", "worse"])
def test_the_gate_reaches_each_verdict(expected, timed):
    verdicts = [judged(expected, timed=timed, seed=seed).verdict for seed in range(12)]
    assert verdicts.count(expected) >= 10
