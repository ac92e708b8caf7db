"""Search spaces in words of our own: what may vary, between which bounds, on which scale.

A space is a tree: an option of a `Choice` may be a `Branch`, which brings dimensions that exist
only where it is chosen. A point of the space is one flat dict all the same, with the names of the
dimensions on its own path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Plain = str | int | float | bool


@dataclass(frozen=True)
class Range:
    """A number between two bounds, drawn evenly, or evenly in its logarithm."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class Branch:
    """An option of a choice that brings dimensions of its own."""

    value: Plain
    space: Mapping[str, Dimension]


@dataclass(frozen=True)
class Choice:
    """One of a few options."""

    options: tuple[Plain | Branch, ...]

    @property
    def values(self) -> tuple[Plain, ...]:
        """The values to choose from, in order."""
        return tuple(option_value(option) for option in self.options)

    def below(self, value: Any) -> Mapping[str, Dimension]:
        """Return the dimensions that exist only where a value is chosen."""
        for option in self.options:
            if isinstance(option, Branch) and option.value == value:
                return option.space
        return {}


Dimension = Range | Choice
Space = Mapping[str, Dimension]


def option_value(option: Plain | Branch) -> Plain:
    """Return what an option puts into the parameters."""
    return option.value if isinstance(option, Branch) else option


def is_conditional(space: Space) -> bool:
    """Say whether some dimensions exist only where another has a certain value."""
    return any(
        isinstance(option, Branch) and bool(option.space)
        for dimension in space.values()
        if isinstance(dimension, Choice)
        for option in dimension.options
    )


def active(space: Space, params: Mapping[str, Any]) -> Iterator[tuple[str, Dimension]]:
    """Yield the dimensions that exist at a point, parents before what depends on them.

    Examples
    --------
    >>> width = {"width": Range(8, 64, log=True, whole=True)}
    >>> space = {"layers": Choice((0, Branch(1, width)))}
    >>> [name for name, _ in active(space, {"layers": 1, "width": 8})]
    ['layers', 'width']
    >>> [name for name, _ in active(space, {"layers": 0})]
    ['layers']
    """
    for name, dimension in space.items():
        yield name, dimension
        if isinstance(dimension, Choice) and name in params:
            yield from active(dimension.below(params[name]), params)


def names(space: Space) -> set[str]:
    """Return the names of all dimensions, those of every branch included."""
    found = set(space)
    for dimension in space.values():
        if isinstance(dimension, Choice):
            for option in dimension.options:
                if isinstance(option, Branch):
                    found |= names(option.space)
    return found


def lies_in(space: Space, params: Mapping[str, Any]) -> bool:
    """Say whether a point has exactly the dimensions of its path, each with a value it allows.

    Examples
    --------
    >>> space = {"rate": Range(0.01, 1, log=True), "kind": Choice(("a", "b"))}
    >>> lies_in(space, {"rate": 0.1, "kind": "a"}), lies_in(space, {"rate": 2, "kind": "a"})
    (True, False)
    >>> lies_in(space, {"rate": 0.1})
    False
    """
    expected = dict(active(space, params))
    return expected.keys() == params.keys() and all(
        _allows(dimension, params[name]) for name, dimension in expected.items()
    )


def _allows(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension, Choice):
        return value in dimension.values
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return dimension.low <= value <= dimension.high and not (
        dimension.whole and value != round(value)
    )
