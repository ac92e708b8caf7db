"""The reckoning of a replay against sums by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from lamplighter.spec.retrain import Economics
from lamplighter.steps.replay.enact import Model, NightPlayed
from lamplighter.steps.replay.reckon import REFEREE_NIGHTS, Reckoning, reckon

NAN = np.nan
FIRST = datetime(2024, 5, 1, tzinfo=UTC)


def model(name: str, night: int) -> Model:
    at = (FIRST + timedelta(days=night)).isoformat()
    return Model("1", at, {"key": name, "digest": name, "size_bytes": 1})


A, B = model("a", 0), model("b", 2)
LOSSES = {"a": np.array([0.5, 0.5, 0.5, 0.6]), "b": np.array([NAN, NAN, 0.4, 0.8])}
COUNTS = np.array([100, 0, 200, 100])


def night(number: int, **came: object) -> NightPlayed:
    at = (FIRST + timedelta(days=number)).isoformat()
    return NightPlayed(as_of=at, retrained="trained" in came, reason="", **came)


STAYS = [night(0, trained=A, released=A, champion=A, training_s=5.0)] + [
    night(number, champion=A) for number in (1, 2, 3)
]
CHANGES = [
    *STAYS[:2],
    night(2, trained=B, released=B, replaced=A, champion=B, training_s=7.0),
    night(3, champion=B),
]


def reckoned(economics: Economics | None = None) -> Reckoning:
    timelines = {("never", "off", "s:n"): STAYS, ("weekly", "off", "s:w"): CHANGES}
    return reckon(timelines, LOSSES, COUNTS, economics=economics)


def test_means_regrets_and_costs_are_those_by_hand() -> None:
    found = reckoned(Economics(training_cost=10, loss_cost_per_1000=1000))
    stays, changes = found.accounts
    assert found.compared_days == 3  # nobody came on the second day
    assert stays.mean_loss == pytest.approx((50 + 100 + 60) / 400)
    assert changes.mean_loss == pytest.approx((50 + 80 + 80) / 400)
    assert found.clairvoyant_mean == pytest.approx((50 + 80 + 60) / 400)
    assert stays.regret == pytest.approx(20 / 400)
    assert stays.above_best == changes.above_best == pytest.approx(0)
    assert stays.cost == pytest.approx(10 + 210)
    assert changes.cost == pytest.approx(2 * 10 + 210)
    assert changes.cost_above_best == pytest.approx(10)
    assert (stays.trainings, changes.trainings, changes.compute_s) == (1, 2, 12.0)


def test_a_promotion_is_false_where_the_days_after_it_say_so() -> None:
    _, changes = reckoned().accounts
    first, second = changes.champions
    assert (first.replaced, first.gain, first.false) == (None, None, False)
    assert second.days == 2
    assert second.gain == pytest.approx(((0.5 - 0.4) + (0.6 - 0.8)) / 2)
    assert second.false
    assert not second.surely_false
    assert (changes.promotions, changes.judged_promotions, changes.false_promotions) == (2, 1, 1)
    assert changes.cost is None


def test_the_referee_looks_no_further_than_its_days() -> None:
    length = REFEREE_NIGHTS + 10
    losses = {"a": np.full(length, 0.5), "b": np.r_[np.full(REFEREE_NIGHTS, 0.4), np.full(10, 9.0)]}
    nights = [night(0, released=B, replaced=A, champion=B)]
    nights += [night(number, champion=B) for number in range(1, length)]
    found = reckon({("p", "off", "t"): nights}, losses, np.full(length, 10), economics=None)
    (promotion,) = found.accounts[0].champions
    assert (promotion.days, promotion.false) == (REFEREE_NIGHTS, False)
    assert promotion.gain == pytest.approx(0.1)


def test_days_without_a_champion_are_compared_for_nobody() -> None:
    late = [night(0), *CHANGES[1:]]
    found = reckon(
        {("a", "off", "x"): STAYS, ("b", "off", "y"): late}, LOSSES, COUNTS, economics=None
    )
    assert found.compared_days == 2
