"""Search spaces: drawing from them, how many points they hold, and hyperopt's words for them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import hyperopt
import numpy as np
from hyperopt import hp

from lamplighter.training.space import Branch, Choice, Dimension, Range, Space
from lamplighter.tuning.history import Past

Params = dict[str, Any]


def draw(space: Space, rng: np.random.Generator) -> Params:
    """Draw a point evenly: a range in its scale, a choice by its options.

    Examples
    --------
    >>> from lamplighter.training.space import lies_in
    >>> space = {"layers": Choice((0, Branch(1, {"width": Range(8, 64, whole=True)})))}
    >>> lies_in(space, draw(space, np.random.default_rng(0)))
    True
    """
    params: Params = {}
    for name, dimension in space.items():
        if isinstance(dimension, Range):
            params[name] = within(dimension, _at(dimension, rng.random()))
            continue
        value = dimension.values[int(rng.integers(len(dimension.options)))]
        params |= {name: value} | draw(dimension.below(value), rng)
    return params


def within(dimension: Range, value: float) -> float | int:
    """Return a number as the range has them: between its bounds, and whole where it must be."""
    clipped = min(max(float(value), dimension.low), dimension.high)
    return round(clipped) if dimension.whole else clipped


def to_unit(dimension: Range, value: float) -> float:
    """Return where a number lies between the bounds, from 0 to 1, on the range's scale."""
    low, high = _bounds(dimension)
    if high == low:
        return 0.0
    return (float(_scaled(dimension, value)) - low) / (high - low)


def from_unit(dimension: Range, share: float) -> float | int:
    """Return the number at a place between the bounds; the inverse of `to_unit`."""
    low, high = _bounds(dimension)
    place = low + share * (high - low)
    return within(dimension, math.exp(place) if dimension.log else place)


def size(space: Space) -> float:
    """Return how many points a space holds; infinite if a number in it is not whole.

    Examples
    --------
    >>> size({"depth": Range(2, 5, whole=True), "kind": Choice(("a", "b"))})
    8
    >>> size({"rate": Range(0, 1)})
    inf
    """
    points: float = 1
    for dimension in space.values():
        if isinstance(dimension, Choice):
            points *= sum(size(dimension.below(value)) for value in dimension.values)
        else:
            points *= dimension.high - dimension.low + 1 if dimension.whole else math.inf
    return points


def to_hyperopt(space: Space) -> dict[str, Any]:
    """Return a space in hyperopt's words. Labels are paths, so that each is unique."""
    return _branch_to_hyperopt(space, path="")


def from_hyperopt(space: Space, point: Mapping[str, Any]) -> Params:
    """Return the flat parameters of a point of `to_hyperopt`, in plain Python values."""
    params: Params = {}
    for name, dimension in space.items():
        if isinstance(dimension, Range):
            params[name] = within(dimension, point[name])
            continue
        value = dimension.values[point[name]["option"]]
        below = from_hyperopt(dimension.below(value), point[name]["below"])
        params |= {name: value} | below
    return params


def to_trials(space: Space, points: Sequence[Past]) -> hyperopt.Trials:
    """Rebuild what hyperopt would remember of past points of a space, in their order."""
    labels = list(_labels(space))
    documents = [_document(space, labels, tid, point) for tid, point in enumerate(points)]
    return hyperopt.trials_from_docs(documents, validate=False)


def _at(dimension: Range, share: float) -> float:
    """Return the number at a share of the range, each whole number having the same share."""
    low, high = dimension.low, dimension.high
    if dimension.whole:
        low, high = low - 0.5, high + 0.5
    if dimension.log:
        low = max(low, dimension.low / 2)
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)


def _scaled(dimension: Range, value: float) -> float:
    return math.log(value) if dimension.log else float(value)


def _bounds(dimension: Range) -> tuple[float, float]:
    return _scaled(dimension, dimension.low), _scaled(dimension, dimension.high)


def _branch_to_hyperopt(space: Space, path: str) -> dict[str, Any]:
    return {
        name: _dimension_to_hyperopt(dimension, path + name) for name, dimension in space.items()
    }


def _dimension_to_hyperopt(dimension: Dimension, label: str) -> Any:
    if isinstance(dimension, Choice):
        options = [
            {
                "option": number,
                "below": _branch_to_hyperopt(dimension.below(value), f"{label}={value}/"),
            }
            for number, value in enumerate(dimension.values)
        ]
        return hp.choice(label, options)
    # Whole numbers as real ones that are rounded afterwards: hyperopt's own quantised ranges give
    # their ends half a share, and take twice the time.
    low, high = dimension.low, dimension.high
    if dimension.whole:
        low, high = max(low - 0.5, low / 2) if dimension.log else low - 0.5, high + 0.5
    if dimension.log:
        return hp.loguniform(label, math.log(low), math.log(high))
    return hp.uniform(label, low, high)


def _labels(space: Space, path: str = "") -> Iterator[str]:
    for name, dimension in space.items():
        yield path + name
        if isinstance(dimension, Choice):
            for option in dimension.options:
                if isinstance(option, Branch):
                    yield from _labels(option.space, f"{path}{name}={option.value}/")


def _values(space: Space, params: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield label and hyperopt's value of each dimension that exists at a point."""
    for name, dimension in space.items():
        value = params[name]
        if isinstance(dimension, Range):
            yield path + name, float(value)
            continue
        yield path + name, dimension.values.index(value)
        yield from _values(dimension.below(value), params, f"{path}{name}={value}/")


def _document(space: Space, labels: Sequence[str], tid: int, point: Past) -> dict[str, Any]:
    found = dict(_values(space, point.params))
    values = {label: [found[label]] if label in found else [] for label in labels}
    return {
        "state": hyperopt.JOB_STATE_DONE,
        "tid": tid,
        "spec": None,
        "result": {"status": hyperopt.STATUS_OK, "loss": point.loss},
        "misc": {
            "tid": tid,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "vals": values,
            "idxs": {label: [tid] * len(value) for label, value in values.items()},
        },
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": None,
        "refresh_time": None,
    }
