"""The synthetic payments of one day: a function of the seed and the day, and of nothing else.

A day's rows are the same whichever days were asked for before.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from lamplighter.examples.payments.fraud import fraudulent_payments
from lamplighter.examples.payments.honest import (
    CATEGORIES,
    CHANNELS,
    COUNTRIES,
    SELLERS,
    Ints,
    Payments,
    honest_payments,
    joined,
    population,
)

FRAUD_SHARE: Final = 0.005
"""One payment in 200 is fraud, whatever its pattern."""

FIRST_CHARGEBACK: Final = pd.Timedelta(days=30)
LAST_CHARGEBACK: Final = pd.Timedelta(days=45)
"""A fraud is charged back between these two after the payment; what was not, is honest."""

_BY_WEEKDAY = (0.95, 0.93, 0.96, 1.0, 1.15, 1.2, 0.81)
_DECEMBER = 1.2


def payments_of_day(day: date, *, seed: int, payments_per_day: int) -> pd.DataFrame:
    """Return the payments of one day (UTC) in the order of time, and what becomes of them.

    Returns
    -------
    DataFrame
        ``payment_id`` (int: the day and a number), ``paid_at``, ``customer_id``, ``card_country``,
        ``merchant_id``, ``category``, ``country`` (the merchant's), ``channel``, ``amount``,
        ``new_device``, ``fraud`` (bool), and ``known_at``: when a fraud is charged back; of an
        honest payment, when it is certain that it will not be.
    """
    random = np.random.default_rng([seed, day.toordinal()])
    people = population(seed)
    expected = payments_per_day * _BY_WEEKDAY[day.weekday()]
    expected *= _DECEMBER if day.month == 12 else 1.0
    honest = honest_payments(random, people, random.poisson(expected * (1 - FRAUD_SHARE)), day)
    frauds = fraudulent_payments(random, people, expected * FRAUD_SHARE, day, seed=seed)
    made = joined([honest, frauds])
    paid_at = pd.Timestamp(day, tz="UTC") + pd.to_timedelta(made.second.round(), unit="s")
    fraud = np.arange(len(made)) >= len(honest)
    between = (LAST_CHARGEBACK - FIRST_CHARGEBACK).total_seconds() * random.beta(2, 3, len(made))
    charged_back = paid_at + FIRST_CHARGEBACK + pd.to_timedelta(between.round(), unit="s")
    frame = pd.DataFrame(
        {
            "paid_at": paid_at.as_unit("us"),
            "customer_id": made.customer,
            "card_country": _named(COUNTRIES, people.country[made.customer]),
            "merchant_id": _merchant(made),
            "category": _named(CATEGORIES, made.category),
            "country": _named(COUNTRIES, made.country),
            "channel": _named(CHANNELS, made.channel),
            "amount": np.maximum(made.amount, 0.5).round(2),
            "new_device": made.new_device,
            "fraud": fraud,
            "known_at": charged_back.where(fraud, paid_at + LAST_CHARGEBACK).as_unit("us"),
        }
    )
    # The number tells nothing but the order: frauds stand among the others.
    frame = frame.sort_values("paid_at", kind="stable", ignore_index=True)
    number = int(f"{day:%Y%m%d}") * 1_000_000 + np.arange(len(frame))
    frame.insert(0, "payment_id", number)
    return frame


def _merchant(made: Payments) -> Ints:
    return np.asarray((made.category * len(COUNTRIES) + made.country) * SELLERS + made.seller)


def _named(names: tuple[str, ...], numbers: Ints) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(numbers, categories=pd.Index(names))
