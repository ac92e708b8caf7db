"""The synthetic payments: the same whoever asks, and drifting as it is written down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.examples.payments import source
from lamplighter.examples.payments.drift_calendar import PATTERNS, PIN_IN_SHOPS, fraud_mix
from lamplighter.examples.payments.stream import payments_of_day

END = datetime(2024, 3, 1, tzinfo=UTC)
FEW = {"seed": 3, "payments_per_day": 300}


@pytest.fixture(scope="module")
def payments() -> pd.DataFrame:
    return source.payments(since=None, until=END, **FEW)


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    """Every payment until the end, with what became of it."""
    outcomes = source.outcomes(since=None, until=END + timedelta(days=45), **FEW)
    return outcomes[outcomes["paid_at"] <= END].reset_index(drop=True)


def test_a_day_is_the_same_whichever_days_are_asked_for(payments):
    for day in (datetime(2023, 3, 26, tzinfo=UTC), datetime(2024, 2, 28, tzinfo=UTC)):
        alone = source.payments(since=day, until=day + timedelta(days=1), **FEW)
        among = payments[
            (payments["paid_at"] > day) & (payments["paid_at"] <= alone["paid_at"].max())
        ]
        pd.testing.assert_frame_equal(alone, among.reset_index(drop=True))


def test_nights_bring_each_row_once_and_in_its_time(payments, known):
    bounds = [None, *(datetime(2023, 3, day, 3, tzinfo=UTC) for day in (1, 2, 5, 8))]
    end = bounds[-1]
    for read, column, key in (
        (source.payments, "paid_at", set(payments["payment_id"][payments["paid_at"] <= end])),
        (source.outcomes, "known_at", set(known["payment_id"][known["known_at"] <= end])),
    ):
        nights = [read(since=a, until=b, **FEW) for a, b in pairwise(bounds)]
        everything = pd.concat(nights)["payment_id"]
        assert everything.is_unique
        assert set(everything) == key
        for (since, until), night in zip(pairwise(bounds[1:]), nights[1:], strict=True):
            assert night[column].between(since, until, inclusive="right").all()


def test_another_seed_is_another_stream():
    day = date(2023, 5, 1)
    one, other = (payments_of_day(day, seed=s, payments_per_day=300) for s in (1, 2))
    assert not one["amount"].equals(other["amount"][: len(one)])


@pytest.mark.parametrize("first", ["2023-02-01", "2023-08-01", "2023-12-01", "2024-02-01"])
def test_one_payment_in_200_is_fraud_before_and_after_every_change(first):
    days = pd.date_range(first, periods=20).date
    made = pd.concat([payments_of_day(day, seed=3, payments_per_day=10_000) for day in days])
    assert made["fraud"].mean() == pytest.approx(0.005, abs=0.0006)


def test_a_fraud_is_known_30_to_45_days_on_and_an_honest_payment_after_45(known):
    late = known["known_at"] - known["paid_at"]
    frauds = late[known["fraud"]]
    assert frauds.between(timedelta(days=30), timedelta(days=45)).all()
    assert frauds.quantile(0.9) - frauds.quantile(0.1) > timedelta(days=5)
    assert (late[~known["fraud"]] == timedelta(days=45)).all()


def test_payments_are_known_before_any_outcome_and_both_tables_tell_of_the_same(payments, known):
    both = payments.merge(known, on=["payment_id", "customer_id", "merchant_id", "paid_at"])
    assert len(both) == len(payments) == len(known)


def test_numbers_rise_with_time_so_that_they_say_nothing_of_fraud(payments):
    assert payments["payment_id"].is_monotonic_increasing
    assert payments["paid_at"].is_monotonic_increasing


def test_the_shares_of_the_patterns_sum_to_one():
    for day in pd.date_range("2023-01-01", "2025-01-15", freq="11D"):
        mix = fraud_mix(day.date())
        assert tuple(mix) == PATTERNS
        assert sum(mix.values()) == pytest.approx(1)


def with_channels(payments: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    return payments.merge(known[["payment_id", "fraud"]], on="payment_id")


def test_from_july_2023_fraud_is_online(payments, known):
    frauds = with_channels(payments, known).query("fraud")
    change = pd.Timestamp(PIN_IN_SHOPS, tz="UTC")
    before = frauds[frauds["paid_at"] < change]["channel"] == "shop"
    after = frauds[frauds["paid_at"].between(change, "2023-09-30T00:00Z")]["channel"] == "shop"
    assert before.mean() == pytest.approx(0.65, abs=0.1)
    assert after.mean() == pytest.approx(0.15, abs=0.1)


def test_take_overs_make_fraud_come_from_new_devices_in_2024(payments, known):
    frauds = with_channels(payments, known).query("fraud")
    months = frauds["new_device"].groupby(frauds["paid_at"].dt.strftime("%Y-%m")).mean()
    assert months["2023-01":"2023-06"].mean() < 0.2
    assert months["2024-01":"2024-02"].mean() > 0.4


def test_gift_cards_return_each_december():
    for year in (2023, 2025):
        november, december = (gift_card_share(year, month) for month in (11, 12))
        assert november < 0.1 < 0.25 < december


def gift_card_share(year: int, month: int) -> float:
    days = [
        payments_of_day(date(year, month, d), seed=3, payments_per_day=2_000) for d in range(1, 29)
    ]
    made = pd.concat(days)
    return float((made["category"][made["fraud"]] == "gift_cards").mean())


def test_wallets_come_by_degrees_and_only_honest_people_use_them(payments, known):
    made = with_channels(payments, known)
    wallet = made["channel"] == "wallet"
    assert not made["fraud"][wallet].any()
    in_shops = made[made["channel"] != "online"]
    months = (in_shops["channel"] == "wallet").groupby(in_shops["paid_at"].dt.strftime("%Y-%m"))
    share = months.mean()
    assert (share[:"2023-08"] == 0).all()
    assert 0.02 < share["2023-09"] < share["2023-10"] < share["2023-11"] < share["2023-12"]
    assert share["2024-02"] == pytest.approx(0.4, abs=0.04)


def test_a_stream_of_nothing_is_refused():
    with pytest.raises(DataError, match="payments_per_day is 0, expected at least 1"):
        source.payments(since=None, until=END, payments_per_day=0)
