"""What an algorithm declares, and what a fitted member can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import Task
from lamplighter.features.encode import Encoded
from lamplighter.training.space import Dimension
from lamplighter.training.target import Floats, Target

Cost = Literal["cheap", "medium", "dear"]
"""What a fit of 10,000 rows and 20 columns takes on one thread: below .3 s, below 3 s, more."""

ALL_TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Rows:
    """Encoded features and their targets.

    Attributes
    ----------
    weights : ndarray of float, shape (n_rows,), or None
        How much each row counts; None: all the same.
    made_of : ndarray of int, shape (n_rows,), or None
        Which row of the data each was made of, where some were copied; None: each is its own.
    """

    X: Encoded
    y: Floats
    weights: Floats | None = None
    made_of: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.y)

    def head(self, n: int) -> Rows:
        """Return the first rows."""
        return self.take(np.arange(min(n, len(self)), dtype=np.intp))

    def take(self, index: NDArray[np.intp]) -> Rows:
        """Return the given rows."""
        weights = None if self.weights is None else self.weights[index]
        made_of = None if self.made_of is None else self.made_of[index]
        return Rows(self.X.rows(index), self.y[index], weights, made_of)


class Member(Protocol):
    """A fitted model."""

    @property
    def rounds(self) -> int | None:
        """How many trees it grew one after another; None for other models."""
        ...

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        """Return P(positive) or values, shape (n_rows,), or probabilities (n_rows, n_classes)."""
        ...


@dataclass(frozen=True)
class Fit:
    """What a fit needs beside the rows.

    `validation` asks boosters to stop early by the loss there; without it they grow
    ``params["rounds"]`` rounds. `seconds_left` lets them stop when the time is up. `start` is a
    member of the same algorithm to continue from, instead of beginning afresh.
    """

    params: Mapping[str, Any]
    target: Target
    seed: int
    threads: int
    validation: Rows | None = None
    seconds_left: Callable[[], float] | None = None
    start: Member | None = None


@dataclass(frozen=True)
class Algorithm:
    """One family of models.

    Attributes
    ----------
    tasks : tuple of {"binary", "multiclass", "regression"}
        What it can predict.
    cost : {"cheap", "medium", "dear"}
        What a fit takes.
    starts : tuple of mappings
        Points of the `space` that are known to be good, the best first; a search tries them first.
    """

    name: str
    space: Mapping[str, Dimension]
    starts: tuple[Mapping[str, Any], ...]
    fit: Callable[[Rows, Fit], Member]
    tasks: tuple[Task, ...] = ALL_TASKS
    cost: Cost = "medium"

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The best of the known good points."""
        return self.starts[0]


def all_classes(probabilities: Floats, known: Floats, target: Target) -> Floats:
    """Give every class of the target its column; those unknown to an estimator get zero."""
    if target.task == "binary":
        return np.asarray(probabilities[:, 1])
    whole = np.zeros((len(probabilities), len(target)))
    whole[:, known.astype(int)] = probabilities
    return whole
