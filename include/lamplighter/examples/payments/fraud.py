"""The ways of synthetic fraud. Honest payments do each of these things too, only more rarely.

============ =====================================================================================
pattern      payments of one case
============ =====================================================================================
stolen_card  one to three in shops within two hours, half of them abroad: fashion, electronics,
             fuel; larger than usual
card_testing three tiny online payments for downloads within the hour, then one at a seller of
             electronics or fashion
take_over    one online payment in the customer's country: electronics, travel or fashion, somewhat
             larger than usual, in two cases of three from a new device
gift_cards   two online purchases of gift cards within the hour
============ =====================================================================================

Frauds prefer some merchants, other ones in each quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np

from lamplighter.examples.payments.drift_calendar import PATTERNS, fraud_mix
from lamplighter.examples.payments.honest import (
    CATEGORIES,
    COUNTRIES,
    DAY_S,
    DOWNLOADS,
    ELECTRONICS,
    FASHION,
    FUEL,
    GIFT_CARDS,
    GROCERIES,
    HOUR_S,
    ONLINE,
    SELLERS,
    SHOP,
    TRAVEL,
    Floats,
    Ints,
    Payments,
    Population,
    joined,
    seconds_of_day,
    sellers,
    usual_amounts,
)

_PAYMENTS_PER_CASE: Final = {"stolen_card": 2, "card_testing": 3, "take_over": 1, "gift_cards": 2}
_PREFERRED_SHARE = 0.25


def fraudulent_payments(
    random: np.random.Generator, people: Population, expected: float, day: date, *, seed: int
) -> Payments:
    """Return the frauds of a day: about so many payments as expected, by the mix of that day."""
    mix = fraud_mix(day)
    cases = {
        name: random.poisson(expected * mix[name] / _PAYMENTS_PER_CASE[name]) for name in PATTERNS
    }
    frauds = joined([_PATTERNS[name](random, people, cases[name]) for name in PATTERNS])
    return _at_preferred_merchants(random, frauds, day, seed)


def _stolen_card(random: np.random.Generator, people: Population, cases: int) -> Payments:
    case = np.repeat(np.arange(cases), random.integers(1, 4, cases))
    victim = _victims(random, people, cases)
    return _payments(
        random,
        people,
        customer=victim[case],
        category=_goods(random, [FASHION, ELECTRONICS, FUEL, GROCERIES], len(case)),
        country=_countries(random, people, victim, abroad=0.35)[case],
        channel=SHOP,
        second=_within(random, cases, case, 3 * HOUR_S),
        factor=1.5,
    )


def _card_testing(random: np.random.Generator, people: Population, cases: int) -> Payments:
    case = np.repeat(np.arange(cases), 3)
    last = np.tile([False, False, True], cases)
    victim = _victims(random, people, cases)
    return _payments(
        random,
        people,
        customer=victim[case],
        category=np.where(
            last, _goods(random, [ELECTRONICS, FASHION, TRAVEL], len(case)), DOWNLOADS
        ),
        country=_countries(random, people, victim, abroad=0.4)[case],
        channel=ONLINE,
        second=_within(random, cases, case, 2 * HOUR_S) + np.where(last, 600.0, 0.0),
        factor=np.where(last, 1.5, 0.4),
        new_device=0.3,
    )


def _take_over(random: np.random.Generator, people: Population, cases: int) -> Payments:
    victim = _victims(random, people, cases)
    return _payments(
        random,
        people,
        customer=victim,
        category=_goods(random, [ELECTRONICS, TRAVEL, FASHION], cases),
        country=_countries(random, people, victim, abroad=0.1),
        channel=ONLINE,
        second=seconds_of_day(random, cases),
        factor=1.5,
        new_device=0.6,
    )


def _gift_cards(random: np.random.Generator, people: Population, cases: int) -> Payments:
    case = np.repeat(np.arange(cases), 2)
    victim = _victims(random, people, cases)
    return _payments(
        random,
        people,
        customer=victim[case],
        category=np.full(len(case), GIFT_CARDS),
        country=people.country[victim][case],
        channel=ONLINE,
        second=_within(random, cases, case, 2 * HOUR_S),
        factor=1.5,
        new_device=0.3,
    )


_PATTERNS: Final[dict[str, Callable[[np.random.Generator, Population, int], Payments]]] = {
    "stolen_card": _stolen_card,
    "card_testing": _card_testing,
    "take_over": _take_over,
    "gift_cards": _gift_cards,
}


def _payments(
    random: np.random.Generator,
    people: Population,
    *,
    customer: Ints,
    category: Ints,
    country: Ints,
    channel: int,
    second: Floats,
    factor: float | Floats,
    new_device: float = 0.0,
) -> Payments:
    count = len(customer)
    return Payments(
        second=second,
        customer=customer,
        category=category,
        country=country,
        seller=sellers(random, count),
        channel=np.full(count, channel),
        amount=usual_amounts(random, people, customer, category) * factor,
        new_device=np.asarray(random.random(count) < new_device),
    )


def _victims(random: np.random.Generator, people: Population, cases: int) -> Ints:
    return random.choice(len(people.activity), cases, p=people.activity)


def _goods(random: np.random.Generator, wanted: list[int], count: int) -> Ints:
    return np.asarray(random.choice(wanted, count))


def _countries(
    random: np.random.Generator, people: Population, victim: Ints, *, abroad: float
) -> Ints:
    away = random.random(len(victim)) < abroad
    return np.where(away, random.integers(0, len(COUNTRIES), len(victim)), people.country[victim])


def _within(random: np.random.Generator, cases: int, case: Ints, seconds: float) -> Floats:
    """Return times of the payments of each case, close together and on the same day."""
    start = random.random(cases) * (DAY_S - 3 * HOUR_S)
    return np.asarray(start[case] + random.random(len(case)) * seconds)


def _at_preferred_merchants(
    random: np.random.Generator, frauds: Payments, day: date, seed: int
) -> Payments:
    preferred = _preferred_sellers(seed, day.year, (day.month - 1) // 3)
    moved = random.random(len(frauds)) < _PREFERRED_SHARE
    there = preferred[frauds.category, frauds.country]
    return Payments(**{**vars(frauds), "seller": np.where(moved, there, frauds.seller)})


@lru_cache(maxsize=64)
def _preferred_sellers(seed: int, year: int, quarter: int) -> Ints:
    """Return, per category and country, the seller that frauds of a quarter prefer."""
    random = np.random.default_rng([seed, year, quarter])
    return random.integers(0, SELLERS, (len(CATEGORIES), len(COUNTRIES)))
