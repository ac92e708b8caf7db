"""Which columns drift: those that changed, and not the ordinary ones of an ordinary week."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from ordinary_days import ordinary_days

from lamplighter.monitoring.drift import Comparison, compare
from lamplighter.monitoring.profile import Profile
from lamplighter.monitoring.usual import Usual
from lamplighter.spec.model import Drift

ANY_EFFECT = Drift(psi=1e-9, min_rows=20)


def week_against(
    features: pd.DataFrame, days: np.ndarray, *, rule: Drift, by_days: bool = True
) -> Comparison:
    """Compare the last seven days with all others."""
    last = np.isin(days, np.unique(days)[-7:])
    reference = Profile.learn(features[~last], days[~last])
    current = reference.count(features[last], days[last])
    usual = Usual.against_the_rest(reference, days=7) if by_days else None
    return compare(reference, current, rule=rule, usual=usual)


def week_against_the_week_before(features: pd.DataFrame, days: np.ndarray) -> Comparison:
    last = np.isin(days, np.unique(days)[-7:])
    history = Profile.learn(features[~last], days[~last])
    usual = Usual.against_the_one_before(history, days=7)
    current = history.count(features[last], days[last])
    return compare(history.newest(7), current, rule=ANY_EFFECT, usual=usual)


def p_values(comparisons: list[Comparison]) -> np.ndarray:
    return np.array([c.p_value for found in comparisons for c in found.columns])


def test_ordinary_weeks_raise_no_more_false_alarms_than_the_rate_asked_for() -> None:
    weeks = [ordinary_days(seed, days=67) for seed in range(60)]
    found = [week_against(*week, rule=ANY_EFFECT) for week in weeks]
    # A rate of 5 % in 60 weeks: 3 are expected, more than 7 have a chance of one in a hundred.
    assert sum(bool(week.drifted) for week in found) <= 7
    assert (p_values(found) <= 0.05).mean() <= 0.06
    assert (p_values(found) <= 0.01).mean() <= 0.02
    # The same weeks, judged as if rows were independent, look changed nearly always.
    naive = [week_against(*week, rule=ANY_EFFECT, by_days=False) for week in weeks[:20]]
    assert sum(bool(week.drifted) for week in naive) >= 18


@pytest.mark.parametrize(("mood", "memory"), [(1.0, 0.5), (0.0, 0.0)])
def test_the_rate_is_held_for_strong_days_that_last_and_for_days_that_are_all_alike(
    mood: float, memory: float
) -> None:
    weeks = [ordinary_days(seed, days=67, mood=mood, memory=memory) for seed in range(40)]
    found = [week_against(*week, rule=ANY_EFFECT) for week in weeks]
    assert sum(bool(week.drifted) for week in found) <= 6
    assert (p_values(found) <= 0.05).mean() <= 0.06


def test_the_rate_is_held_against_the_week_before() -> None:
    weeks = [ordinary_days(seed, days=42) for seed in range(60)]
    found = [week_against_the_week_before(*week) for week in weeks]
    assert sum(bool(week.drifted) for week in found) <= 7


def test_columns_that_changed_are_named_and_no_others() -> None:
    features, days = ordinary_days(1, days=67)
    last = np.isin(days, np.unique(days)[-7:])
    features.loc[last, "n0"] += 3
    features.loc[last, "m2"] = features.loc[last, "m2"].where(
        np.random.default_rng(0).random(last.sum()) < 0.3
    )
    features["c3"] = features["c3"].mask(last & (features["c3"] == "b"), "new one")
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert {column.column for column in found.drifted} == {"n0", "m2", "c3"}
    by_name = {column.column: column for column in found.columns}
    assert by_name["m2"].missing_current > 0.6 > by_name["m2"].missing_reference
    assert by_name["c3"].new.keys() == {"new one"}
    assert by_name["c3"].new_share > 0.2
    assert [column.psi for column in found.drifted] == sorted(
        (column.psi for column in found.drifted), reverse=True
    )


@pytest.mark.parametrize("rows", [30, 300])
def test_a_small_change_is_no_drift_however_many_rows_tell_of_it(rows: int) -> None:
    features, days = ordinary_days(3, days=67, rows=rows, mood=0.0, columns=2)
    last = np.isin(days, np.unique(days)[-7:])
    features.loc[last] += 0.15
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert not found.drifted
    if rows == 300:
        assert max(c.adjusted_p for c in found.columns) < 0.05  # sure, and too small to matter


def test_few_rows_are_not_judged_and_say_so() -> None:
    features, days = ordinary_days(0, days=67, rows=10)
    features.loc[days >= "day 060"] = features.loc[days >= "day 060", ["n0"]] + 9
    found = week_against(features, days, rule=Drift(min_rows=200))
    assert not found.judged
    assert not found.drifted
    assert found.columns[0].why_not == "the window has 70 rows, 200 are needed"


def test_a_reference_of_two_days_knows_nothing_of_what_is_usual() -> None:
    features, days = ordinary_days(0, days=9)
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert {column.why_not for column in found.columns} == {"too few days to know what is usual"}


def test_a_column_that_may_drift_is_not_judged() -> None:
    features, days = ordinary_days(0, days=67)
    features.loc[days >= "day 060", "n0"] += 9
    found = week_against(features, days, rule=Drift(min_rows=20, ignore=("n0",)))
    assert not found.drifted
    assert found.columns[-1].why_not == "may drift, says the spec"


def test_a_column_that_is_gone_is_named() -> None:
    features, days = ordinary_days(0, days=30)
    reference = Profile.learn(features, days)
    current = reference.count(features.drop(columns="n0"), days)
    usual = Usual.against_the_rest(reference, days=7)
    assert compare(reference, current, rule=Drift(), usual=usual).gone == ("n0",)


def test_a_constant_that_changes_has_drifted() -> None:
    features, days = ordinary_days(0, days=67, columns=1)
    features["flag"] = (days >= "day 060").astype(int)
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert [column.column for column in found.drifted] == ["flag"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("absurd", [1e308, -1e308, np.inf, 5e-324])
def test_absurd_numbers_are_compared_like_others(absurd: float) -> None:
    features, days = ordinary_days(0, days=67, columns=3)
    features.loc[days >= "day 060", "n0"] = absurd
    features.loc[days == "day 010", "n1"] = absurd
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert [column.column for column in found.drifted] == ["n0"]
    assert np.isfinite(p_values([found])).all()


def test_a_number_that_stands_still_at_its_usual_value_has_drifted() -> None:
    features, days = ordinary_days(2, days=67, columns=2)
    features.loc[days >= "day 060", "n1"] = features["n1"].median()
    found = week_against(features, days, rule=Drift(min_rows=20))
    assert [column.column for column in found.drifted] == ["n1"]


def test_independent_rows_are_judged_as_such_where_there_is_no_time() -> None:
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        reference = Profile.learn(pd.DataFrame(random.normal(size=(600, 5))).add_prefix("x"), None)
        current = reference.count(pd.DataFrame(random.normal(size=(300, 5))).add_prefix("x"), None)
        alarms += bool(compare(reference, current, rule=ANY_EFFECT, usual=None).drifted)
    assert alarms <= 10
