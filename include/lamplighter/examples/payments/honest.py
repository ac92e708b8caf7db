"""Synthetic customers, and what they pay honestly. All numbers are made up."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lamplighter.examples.payments.drift_calendar import wallet_share

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CATEGORIES: Final = (
    "groceries", "fuel", "restaurants", "fashion",
    "electronics", "travel", "downloads", "gift_cards",
)  # fmt: skip
CHANNELS: Final = ("shop", "online", "wallet")
COUNTRIES: Final = ("CH", "DE", "FR", "IT", "AT", "ES", "GB", "US")
"""Where merchants are. Cards are issued in the first four."""

SHOP, ONLINE, WALLET = range(3)
GROCERIES, FUEL, RESTAURANTS, FASHION, ELECTRONICS, TRAVEL, DOWNLOADS, GIFT_CARDS = range(8)
HOUR_S, DAY_S = 3_600, 86_400
SELLERS: Final = 5
"""Merchants of each category in each country."""

_CUSTOMERS, _CARD_COUNTRIES = 6_000, 4
# One number per category.
_POPULARITY = np.array([0.33, 0.12, 0.2, 0.1, 0.06, 0.05, 0.11, 0.03])
_TYPICAL_AMOUNT = np.array([38.0, 55.0, 32.0, 62.0, 130.0, 180.0, 9.0, 55.0])
_SPREAD = np.array([0.7, 0.4, 0.6, 0.7, 0.9, 0.9, 0.8, 0.5])
_ONLINE_SHARE = np.array([0.06, 0.0, 0.08, 0.4, 0.5, 0.7, 1.0, 0.6])
_BY_HOUR = np.array(
    [6, 4, 3, 2, 2, 4, 12, 30, 45, 50, 55, 65, 75, 65, 55, 55, 60, 75, 80, 65, 45, 30, 20, 10.0]
)


@dataclass(frozen=True)
class Population:
    """Who pays. One value per customer."""

    country: Ints
    level: Floats  # factor on every amount
    favourite: Ints  # the category of 30 % of the payments
    onlineness: Floats  # factor on the probability to buy online
    activity: Floats  # share of all payments; they sum to 1


@dataclass(frozen=True)
class Payments:
    """Payments as arrays of equal length; category, country and channel by their number."""

    second: Floats
    customer: Ints
    category: Ints
    country: Ints
    seller: Ints
    channel: Ints
    amount: Floats
    new_device: Bools

    def __len__(self) -> int:
        return len(self.second)


def joined(parts: list[Payments]) -> Payments:
    """Put payments one after the other."""
    return Payments(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Payments)}
    )


@lru_cache(maxsize=4)
def population(seed: int) -> Population:
    """Return the customers of a seed."""
    random = np.random.default_rng([seed, 0])
    activity = random.gamma(1.5, 1.0, _CUSTOMERS)
    return Population(
        country=random.integers(0, _CARD_COUNTRIES, _CUSTOMERS),
        level=np.exp(random.normal(0, 0.45, _CUSTOMERS)),
        favourite=random.choice(len(CATEGORIES), _CUSTOMERS, p=_POPULARITY),
        onlineness=random.gamma(3.0, 1 / 3.0, _CUSTOMERS),
        activity=activity / activity.sum(),
    )


def honest_payments(
    random: np.random.Generator, people: Population, count: int, day: date
) -> Payments:
    """Return what honest customers pay on a day."""
    customer = random.choice(_CUSTOMERS, count, p=people.activity)
    category = np.where(
        random.random(count) < 0.3,
        people.favourite[customer],
        random.choice(len(CATEGORIES), count, p=_POPULARITY),
    )
    online = random.random(count) < _ONLINE_SHARE[category] * people.onlineness[customer]
    online |= category == DOWNLOADS
    wallet = ~online & (random.random(count) < wallet_share(day))
    abroad = random.random(count) < np.where(online, 0.2, 0.05)
    return Payments(
        second=seconds_of_day(random, count),
        customer=customer,
        category=category,
        country=np.where(
            abroad, random.integers(0, len(COUNTRIES), count), people.country[customer]
        ),
        seller=sellers(random, count),
        channel=np.where(online, ONLINE, np.where(wallet, WALLET, SHOP)),
        amount=usual_amounts(random, people, customer, category),
        new_device=online & (random.random(count) < 0.06),
    )


def usual_amounts(
    random: np.random.Generator, people: Population, customer: Ints, category: Ints
) -> Floats:
    """Return what these customers usually pay for things of these categories."""
    deviation = random.normal(0, 1, len(customer)) * _SPREAD[category]
    return np.asarray(_TYPICAL_AMOUNT[category] * people.level[customer] * np.exp(deviation))


def seconds_of_day(random: np.random.Generator, count: int) -> Floats:
    """Return times of a day at which people pay, in seconds after midnight."""
    hour = random.choice(24, count, p=_BY_HOUR / _BY_HOUR.sum())
    return np.asarray((hour + random.random(count)) * HOUR_S)


def sellers(random: np.random.Generator, count: int) -> Ints:
    """Return which of the sellers of a category in a country: the first are the largest."""
    return np.asarray((random.random(count) ** 2 * SELLERS).astype(np.int64))
