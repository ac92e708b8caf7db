"""What changes in the synthetic payments, and when: the drift that a model has to live with.

Each of the four kinds of drift of the usual taxonomy [1]_ occurs, on dates that are written down
here, so that whoever looks for them can know whether they were found.

References
----------
.. [1] J. Gama, I. Zliobaite, A. Bifet, M. Pechenizkiy, A. Bouchachia, *A survey on concept drift
   adaptation*, ACM Computing Surveys, 2014.
"""

from __future__ import annotations

from datetime import date
from typing import Final

START: Final = date(2023, 1, 1)
"""The first day of the stream. It has no last one."""

PIN_IN_SHOPS: Final = date(2023, 7, 1)
"""Sudden: shops ask for the PIN. Stolen cards are hardly used there any more; fraud goes online."""

WALLETS: Final = (date(2023, 9, 1), date(2023, 12, 31))
"""Incremental, and no fraud: honest customers begin to pay in shops with their phones."""

TAKE_OVERS: Final = (date(2023, 10, 1), date(2023, 12, 31))
"""Gradual: accounts that were taken over replace card testing as the most frequent fraud."""

GIFT_CARD_MONTH: Final = 12
"""Recurring: each December a third of all fraud buys gift cards."""

PATTERNS: Final = ("stolen_card", "card_testing", "take_over", "gift_cards")
"""The ways of fraud; `stream` says what each looks like."""

_BEFORE_PIN = {"stolen_card": 0.65, "card_testing": 0.35}
_SINCE_PIN = {"stolen_card": 0.15, "card_testing": 0.85}
_TAKE_OVERS_AT_LAST = 0.6
_WALLETS_AT_LAST = 0.4
_GIFT_CARDS_IN_SEASON = 0.35


def fraud_mix(day: date) -> dict[str, float]:
    """Return the share of each pattern among the frauds of a day. They sum to 1.

    Examples
    --------
    >>> fraud_mix(date(2023, 6, 30))
    {'stolen_card': 0.65, 'card_testing': 0.35, 'take_over': 0.0, 'gift_cards': 0.0}
    >>> {k: round(v, 3) for k, v in fraud_mix(date(2024, 12, 24)).items()}
    {'stolen_card': 0.039, 'card_testing': 0.221, 'take_over': 0.39, 'gift_cards': 0.35}
    """
    old = _SINCE_PIN if day >= PIN_IN_SHOPS else _BEFORE_PIN
    taken_over = _TAKE_OVERS_AT_LAST * _progress(day, *TAKE_OVERS)
    seasonal = _GIFT_CARDS_IN_SEASON if day.month == GIFT_CARD_MONTH else 0.0
    usual = {k: share * (1 - taken_over) for k, share in old.items()} | {"take_over": taken_over}
    return {k: share * (1 - seasonal) for k, share in usual.items()} | {"gift_cards": seasonal}


def wallet_share(day: date) -> float:
    """Return which share of the honest payments in shops is made with a phone.

    >>> wallet_share(date(2023, 8, 31)), wallet_share(date(2024, 5, 1))
    (0.0, 0.4)
    """
    return _WALLETS_AT_LAST * _progress(day, *WALLETS)


def _progress(day: date, first: date, last: date) -> float:
    """Return how far a change has come: 0 before its first day, 1 from its last on."""
    return min(1.0, max(0.0, ((day - first).days + 1) / ((last - first).days + 1)))
