"""Fairness: fairlearn's rates and differences, with intervals that hold for the largest of many."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
)

from lamplighter.evaluation.fairness import judge_fairness
from lamplighter.evaluation.groups import groups_of
from lamplighter.spec.checks import Fairness, FairnessLimits, Slicing

DAY = np.repeat([f"2013-06-{day:02d}" for day in range(1, 31)], 60)


def world(seed=0, apart=0.0):
    """Return labels, decisions and a group; group a is decided for more often by `apart`."""
    rng = np.random.default_rng(seed)
    n = len(DAY)
    group = pd.Series(rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]))
    y = (rng.random(n) < 0.4).astype(float)
    share = 0.3 + 0.2 * y + apart * (group == "a").to_numpy()
    return y, rng.random(n) < share, group


def judge(y, decided, group, *, days=DAY, limits=None, **rule):
    given = Fairness(by={"sex": Slicing()}, limits=FairnessLimits(**(limits or {})), **rule)
    groups = groups_of("sex", given.by["sex"], group, group)
    checks = judge_fairness(given, [groups], y, decided, days, confidence=0.95)
    return {(check.about, check.what): check for check in checks}


def of(checks, what):
    (found,) = [check for (_, name), check in checks.items() if name == what and check.estimate]
    return found


def test_rates_and_differences_are_those_of_fairlearn():
    y, decided, group = world(apart=0.1)
    checks = judge(y, decided, group, limits={"demographic_parity_ratio": 0.1})
    about = {"y_true": y, "y_pred": decided, "sensitive_features": group}
    assert checks["sex b", "selection_rate"].estimate.value == pytest.approx(
        decided[group == "b"].mean()
    )
    for theirs in (
        demographic_parity_difference,
        demographic_parity_ratio,
        equal_opportunity_difference,
        equalized_odds_difference,
    ):
        assert of(checks, theirs.__name__).estimate.value == pytest.approx(theirs(**about))


def test_groups_that_are_treated_differently_reject_with_both_and_their_rows():
    found = of(judge(*world(apart=0.3), limits={"demographic_parity_difference": 0.1}),
               "demographic_parity_difference")  # fmt: skip
    assert found.kept is False
    assert found.estimate.lower > 0.1
    assert "demographic_parity_difference of sex is" in found.sentence
    assert " rows); at most 0.1 is allowed (gate.fairness.limits" in found.sentence


def test_equal_groups_seldom_reject_though_the_largest_difference_is_never_0():
    found = [
        of(
            judge(*world(seed), limits={"demographic_parity_difference": 0.0}),
            "demographic_parity_difference",
        )
        for seed in range(20)
    ]
    assert min(check.estimate.value for check in found) > 0
    assert sum(check.kept is False for check in found) <= 2


def test_where_surely_within_is_asked_noise_is_no_excuse():
    limits = {"demographic_parity_difference": 0.02}
    assert of(judge(*world(), limits=limits), "demographic_parity_difference").kept
    strict = judge(*world(), limits=limits, reject="not_surely_within")
    assert of(strict, "demographic_parity_difference").kept is False


def test_a_ratio_keeps_its_limit_from_above():
    y, decided, group = world(apart=0.3)
    checks = judge(y, decided, group, limits={"demographic_parity_ratio": 0.9})
    found = of(checks, "demographic_parity_ratio")
    assert (found.kept, found.estimate.upper < 0.9) == (False, True)
    assert "at least 0.9 is allowed" in found.sentence


def test_a_ratio_is_surely_too_small_where_nobody_of_a_large_group_is_decided_for():
    y, decided, group = world()
    decided[(group == "c").to_numpy()] = False
    ratio = {"limits": {"demographic_parity_ratio": 0.8}}
    found = of(judge(y, decided, group, **ratio), "demographic_parity_ratio")
    assert (found.estimate.value, found.estimate.lower, found.kept) == (0.0, 0.0, False)
    few = group.mask((group == "c") & (np.arange(len(group)) > 60), "a")
    some = of(judge(y, decided, few, min_rows=2, **ratio), "demographic_parity_ratio")
    assert some.estimate.upper > found.estimate.upper > 0


@pytest.mark.parametrize(("missing", "kept"), [("note", None), ("reject", False)])
def test_a_small_group_is_said_and_not_compared(missing, kept):
    y, decided, group = world()
    group[:20] = "tiny"
    checks = judge(
        y, decided, group, missing=missing, limits={"demographic_parity_difference": 0.5}
    )
    small = checks["sex tiny", "selection_rate"]
    assert (small.kept, small.sentence.split(" (")[0]) == (
        kept, "sex tiny has 20 rows, 100 are needed",
    )  # fmt: skip
    assert "tiny" not in of(checks, "demographic_parity_difference").about


def test_a_group_of_one_class_has_a_selection_rate_but_no_odds():
    y, decided, group = world()
    y[(group == "c").to_numpy()] = 0
    checks = judge(y, decided, group, limits={"equalized_odds_difference": 0.5})
    assert checks["sex c", "selection_rate"].estimate is not None
    lacking = checks["sex c", "true_positive_rate"]
    assert "no positive label, so no true_positive_rate" in lacking.sentence
    assert of(checks, "equalized_odds_difference").kept


def test_one_group_alone_cannot_be_compared_and_says_so():
    y, decided, group = world()
    checks = judge(y, decided, group.map(lambda _: "a"), missing="reject",
                   limits={"demographic_parity_difference": 0.5})  # fmt: skip
    assert checks["sex", "demographic_parity_difference"].kept is False


def test_without_time_rows_are_judged_too():
    found = of(judge(*world(apart=0.3), days=None, limits={"demographic_parity_difference": 0.1}),
               "demographic_parity_difference")  # fmt: skip
    assert found.kept is False
