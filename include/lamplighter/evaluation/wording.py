"""How reasons and reports write numbers, so that a sentence and a table read alike."""

from __future__ import annotations

from lamplighter.contracts import Estimate


def figure(value: float) -> str:
    """Return a loss or a difference of losses with the digits that a reader can use.

    Examples
    --------
    >>> figure(0.0123456), figure(95.3842), figure(-12345.6)
    ('0.01235', '95.38', '-12,345.60')
    """
    return f"{value:.5f}" if abs(value) < 1 else f"{value:,.2f}"


def span(estimate: Estimate) -> str:
    """Return the two ends of an interval."""
    return f"{figure(estimate.lower)} to {figure(estimate.upper)}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "day"), count(13000, "row")
    ('1 day', '13,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
