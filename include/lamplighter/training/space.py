"""Search spaces in words of our own: what may vary, between which bounds, on which scale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """A number between two bounds, drawn evenly, or evenly in its logarithm."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of a few values."""

    options: tuple[str | int | float | bool, ...]


Dimension = Range | Choice
