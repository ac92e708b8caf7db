"""Whether an algorithm can be fitted at the ends of a space that a spec has widened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from lamplighter.evaluation.metrics import Task
from lamplighter.features.encode import Encoded
from lamplighter.training.folds import finite_prediction
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.space import Choice, Dimension, Range, Space, active
from lamplighter.training.target import Floats, Target
from lamplighter.tuning.override import moved_into

_ROWS = 60
_ROUNDS = 2


def refused_ends(
    algorithm: Algorithm, space: Space, names: Iterable[str], task: Task
) -> dict[str, str]:
    """Say which parameters have an end that the algorithm itself refuses.

    Each value beyond the algorithm's own space is tried in a fit on a few made-up rows, so that an
    impossible one is found before any data is read, and not in every trial of a night.
    """
    start = moved_into(algorithm.space, algorithm.starts[0])
    own = dict(active(algorithm.space, start))
    rows, target = _made_up(task)
    refused: dict[str, str] = {}
    for name, dimension in active(space, moved_into(space, start)):
        if name not in names or name not in own:
            continue
        for value in _beyond(dimension, own[name]):
            params = start | {name: value, "rounds": _ROUNDS}
            try:
                member = algorithm.fit(rows, Fit(params, target, seed=0, threads=1))
                finite_prediction(algorithm.name, member, rows, threads=1)
            except Exception as error:  # whatever a library says to an impossible value
                said = " ".join(str(error).split())
                shown = f"{value:g}" if isinstance(value, float) else value
                refused[name] = f"{algorithm.name} cannot have the value {shown} ({said[:200]})"
    return refused


def _beyond(dimension: Dimension, own: Dimension) -> Iterator[Any]:
    values = dimension.values if isinstance(dimension, Choice) else (dimension.low, dimension.high)
    for value in values:
        inside = (
            own.low <= float(value) <= own.high if isinstance(own, Range) else value in own.values
        )
        if not inside:
            whole = isinstance(dimension, Range) and dimension.whole
            yield round(float(value)) if whole else value


def _made_up(task: Task) -> tuple[Rows, Target]:
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(size=(_ROWS, 3)), rng.integers(0, 4, _ROWS)])
    classes = {"binary": 2, "multiclass": 3}.get(task, 0)
    y: Floats = (
        np.arange(_ROWS, dtype=np.float64) % classes if classes else values[:, 0] + values[:, 1]
    )
    X = Encoded(values, np.array([False, False, False, True]))
    return Rows(X, y), Target(task, tuple(range(classes)))
