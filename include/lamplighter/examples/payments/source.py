"""The tables of the payments model: synthetic payments, and which of them were charged back.

Nothing is read: every row is made from the seed and its day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from lamplighter.errors import DataError
from lamplighter.examples.payments.drift_calendar import START
from lamplighter.examples.payments.stream import FIRST_CHARGEBACK, LAST_CHARGEBACK, payments_of_day

_OUTCOME = ["payment_id", "customer_id", "merchant_id", "paid_at", "fraud", "known_at"]


def payments(
    *, since: datetime | None, until: datetime, seed: int = 7, payments_per_day: int = 2_000
) -> pd.DataFrame:
    """Return the synthetic payments made in (since, until], known as they are made.

    Parameters
    ----------
    seed : int
        Another seed gives other customers and other payments, with the same drift.
    payments_per_day : int
        On average; the two tables must be given the same.
    """
    rows = _days(since, until, seed, payments_per_day).drop(columns=["fraud", "known_at"])
    return _within(rows, "paid_at", since, until)


def outcomes(
    *, since: datetime | None, until: datetime, seed: int = 7, payments_per_day: int = 2_000
) -> pd.DataFrame:
    """Return the synthetic payments whose outcome became known in (since, until].

    A fraud is known when it is charged back, 30 to 45 days after the payment; an honest payment
    after 45 days, when no chargeback can come any more. So of the payments of the last 45 days
    only frauds are known.
    """
    earliest = None if since is None else since - LAST_CHARGEBACK
    rows = _days(earliest, until - FIRST_CHARGEBACK, seed, payments_per_day)
    return _within(rows[_OUTCOME], "known_at", since, until)


def _days(
    since: datetime | None, until: datetime, seed: int, payments_per_day: int
) -> pd.DataFrame:
    if payments_per_day < 1:
        raise DataError(f"payments_per_day is {payments_per_day}, expected at least 1")
    first = START if since is None else max(START, _day(since))
    count = max(1, (_day(until) - first).days + 1)  # one, so that the columns are there
    days = [
        payments_of_day(first + timedelta(days=n), seed=seed, payments_per_day=payments_per_day)
        for n in range(count)
    ]
    rows = pd.concat(days, ignore_index=True)
    return rows.astype({name: "str" for name in ("card_country", "category", "country", "channel")})


def _day(moment: datetime) -> date:
    return pd.Timestamp(moment).tz_convert("UTC").date()


def _within(
    rows: pd.DataFrame, column: str, since: datetime | None, until: datetime
) -> pd.DataFrame:
    within = rows[column] <= pd.Timestamp(until)
    if since is not None:
        within &= rows[column] > pd.Timestamp(since)
    return rows[within].reset_index(drop=True)
