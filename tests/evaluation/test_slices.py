"""Slices: measured by whole days, held against limits that allow for how many there are."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import log_loss

from lamplighter.evaluation.decision_cost import judge_cost
from lamplighter.evaluation.groups import groups_of
from lamplighter.evaluation.means import mean_of_days
from lamplighter.evaluation.metrics import METRICS, cost_metric
from lamplighter.evaluation.slices import Judged, judge_slices
from lamplighter.spec.checks import Limit, Slices, Slicing

DAYS, ROWS = 30, 40
DAY = np.repeat([f"2013-06-{day:02d}" for day in range(1, DAYS + 1)], ROWS)


def world(seed=0, harm=0.0, slices=4):
    """Return labels, predictions of candidate and champion, and a column; slice s0 is harmed."""
    rng = np.random.default_rng(seed)
    n = len(DAY)
    column = pd.Series(rng.choice([f"s{number}" for number in range(slices)], n))
    log_odds = rng.normal(-0.5, 1, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(float)
    champion = 1 / (1 + np.exp(-log_odds - rng.normal(0, 0.3, n)))
    noise = rng.normal(0, 0.3, n) + harm * (column == "s0").to_numpy() * rng.normal(0, 1, n)
    return y, 1 / (1 + np.exp(-log_odds - noise)), champion, column


def judge(y, candidate, champion, column, *, days=DAY, compared=None, metric="log_loss", **rule):
    given = Slices(by={"group": Slicing()}, **rule)
    groups = groups_of("group", given.by["group"], column, column)
    judged = Judged(y, candidate, days, champion, compared)
    return judge_slices(given, groups, judged, metric=METRICS[metric], confidence=0.95)


def by_about(checks, what):
    return {check.about: check for check in checks if check.what == what}


def test_a_slice_has_its_metric_and_by_how_much_it_is_worse():
    y, candidate, champion, column = world()
    checks = judge(y, candidate, champion, column)
    rows = (column == "s1").to_numpy()
    new, old = log_loss(y[rows], candidate[rows]), log_loss(y[rows], champion[rows])
    assert by_about(checks, "log_loss")["group s1"].estimate.value == pytest.approx(new)
    behind = by_about(checks, "log_loss worse by")["group s1"]
    assert (behind.rows, behind.kept) == (rows.sum(), None)
    assert behind.estimate.value == pytest.approx(new - old)


def test_the_interval_is_the_jackknife_by_hand():
    y, candidate, champion, column = world()
    (found,) = [
        check
        for check in judge(y, candidate, champion, column, worse_by=0.1)
        if (check.about, check.what) == ("group s2", "log_loss worse by")
    ]
    rows = (column == "s2").to_numpy()
    names = sorted(set(DAY[rows]))

    def behind(some):
        return log_loss(y[some], candidate[some]) - log_loss(y[some], champion[some])

    whole = behind(rows)
    pseudo = np.array(
        [len(names) * whole - (len(names) - 1) * behind(rows & (day != DAY)) for day in names]
    )
    mean = mean_of_days(pseudo)
    four_at_once = stats.t.ppf(1 - 0.025 / 4, mean.degrees_of_freedom) * mean.standard_error
    assert found.estimate.upper - found.estimate.value == pytest.approx(four_at_once)


def test_a_harmed_slice_rejects_though_the_whole_is_kept():
    checks = judge(*world(harm=4.0), worse_by=0.05)
    assert [check.about for check in checks if check.kept is False] == ["group s0"]
    (sentence,) = [check.sentence for check in checks if check.kept is False]
    assert "group s0: log_loss worse by is" in sentence
    assert "at most 0.05 is allowed (gate.slices.worse_by)" in sentence


def test_many_slices_of_an_equal_model_seldom_reject_any():
    # 12 slices at 95 % each would reject about a quarter of these candidates.
    rejected = sum(
        any(check.kept is False for check in judge(*world(seed, slices=12), worse_by=0.0))
        for seed in range(60)
    )
    assert rejected <= 4


def test_not_surely_within_rejects_what_surely_beyond_lets_pass():
    lenient = judge(*world(), worse_by=0.01)
    strict = judge(*world(), worse_by=0.01, reject="not_surely_within")
    assert all(check.kept is not False for check in lenient)
    assert any(check.kept is False for check in strict)


def test_a_bound_of_a_metric_that_should_be_high_is_the_least():
    y, candidate, champion, column = world()
    found = judge(y, 1 - candidate, champion, column, metric="roc_auc", bound=0.6)
    low = by_about(found, "roc_auc")["group s0"]
    assert low.kept is False
    assert "at least 0.6 is allowed (gate.slices.bound)" in low.sentence


@pytest.mark.parametrize(("missing", "kept"), [("note", None), ("reject", False)])
def test_a_slice_that_is_missing_or_too_small_is_said_and_rejects_if_the_spec_says_so(
    missing, kept
):
    y, candidate, champion, column = world()
    column[column == "s3"] = "s1"
    column[:50] = "s3"
    given = Slices(
        by={"group": Slicing(values=("s3", "s9"))}, min_rows=100, missing=missing, bound=0.9
    )
    groups = groups_of("group", given.by["group"], column, column)
    small, gone = judge_slices(
        given,
        groups,
        Judged(y, candidate, DAY, champion),
        metric=METRICS["log_loss"],
        confidence=0.95,
    )
    assert (small.kept, gone.kept) == (kept, kept)
    assert small.sentence.startswith("group s3 has 50 rows, 100 are needed")
    assert gone.sentence.startswith("group s9 is missing from the hold-out")


def test_a_slice_of_one_class_has_no_auc_and_says_so():
    y, candidate, champion, column = world()
    y[(column == "s0").to_numpy()] = 0
    found = judge(y, candidate, champion, column, metric="roc_auc", bound=0.5)
    assert "roc_auc is undefined" in by_about(found, "roc_auc")["group s0"].sentence


def test_rows_that_cannot_be_compared_are_left_out_of_the_comparison_only():
    y, candidate, champion, column = world()
    later = DAY > "2013-06-10"
    spoiled = np.where(later, champion, np.nan)
    checks = judge(y, candidate, spoiled, column, compared=later, worse_by=0.1, min_rows=50)
    behind, own = by_about(checks, "log_loss worse by"), by_about(checks, "log_loss")
    assert behind["group s1"].rows == int((later & (column == "s1")).sum()) < own["group s1"].rows


def test_without_a_champion_only_the_bound_is_held():
    y, candidate, _, column = world()
    checks = judge(y, candidate, None, column, worse_by=0.0, bound=0.9)
    assert {check.what for check in checks} == {"log_loss"}
    assert all(check.kept for check in checks)


def test_a_costlier_candidate_is_rejected_by_what_its_decisions_cost():
    y, candidate, champion, _ = world()
    cost = cost_metric(lambda truth, p: np.where(p >= 0.5, 3.0 * (1 - truth), 1.0 * truth))
    rule = Limit(worse_by=0.05, bound=5.0)
    same = judge_cost(rule, Judged(y, candidate, DAY, champion), metric=cost, champions=cost,
                      confidence=0.95)  # fmt: skip
    worse = judge_cost(rule, Judged(y, 1 - candidate, DAY, champion), metric=cost,
                       champions=cost, confidence=0.95)  # fmt: skip
    assert [check.kept for check in same] == [True, True]
    assert [check.kept for check in worse] == [True, False]
    paid = np.where(candidate >= 0.5, 3.0 * (1 - y), y).mean()
    assert same[0].estimate.value == pytest.approx(paid)
    assert "(gate.cost.worse_by)" in worse[1].sentence
