"""What an algorithm declares, and what a fitted member can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from lamplighter.features.encode import Encoded
from lamplighter.training.space import Dimension
from lamplighter.training.target import Floats, Target


@dataclass(frozen=True)
class Rows:
    """Encoded features and their targets."""

    X: Encoded
    y: Floats

    def __len__(self) -> int:
        return len(self.y)

    def head(self, n: int) -> Rows:
        """Return the first rows."""
        return Rows(Encoded(self.X.values[:n], self.X.categorical), self.y[:n])


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
    ``params["rounds"]`` rounds. `seconds_left` lets them stop when the time is up.
    """

    params: Mapping[str, Any]
    target: Target
    seed: int
    threads: int
    validation: Rows | None = None
    seconds_left: Callable[[], float] | None = None


@dataclass(frozen=True)
class Algorithm:
    """One family of models.

    `defaults` are known to be good and lie in the `space`; a search tries them first.
    """

    name: str
    space: Mapping[str, Dimension]
    defaults: Mapping[str, Any]
    fit: Callable[[Rows, Fit], Member]


def all_classes(probabilities: Floats, known: Floats, target: Target) -> Floats:
    """Give every class of the target its column; those unknown to an estimator get zero."""
    if target.task == "binary":
        return np.asarray(probabilities[:, 1])
    whole = np.zeros((len(probabilities), len(target)))
    whole[:, known.astype(int)] = probabilities
    return whole
