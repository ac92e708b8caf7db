"""Predictors of format 1, read into today's: so that an upgrade leaves yesterday's champion alone.

Format 1 had one encoder, which knew numbers and categories, three algorithms, and stacks that gave
every score a coefficient of its own. Its members are today's; the rest is here, as it was, so that
a predictor says today what it said then.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import Task
from lamplighter.features.category import as_texts
from lamplighter.features.column import Floats
from lamplighter.features.encode import FrameEncoder
from lamplighter.features.number import as_numbers

_SMALLEST = 1e-6


@dataclass(frozen=True)
class ColumnOfFormat1:
    """One column: a number, or the rank of a category's level; 0 where training had no value."""

    name: str
    kind: Literal["number", "category"]
    levels: tuple[str, ...] = ()
    has_other: bool = False
    empty: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """The name of the feature."""
        return (self.name,)

    @property
    def categorical(self) -> tuple[bool, ...]:
        """Whether it is a code of a category."""
        return (self.kind == "category",)

    @property
    def terms(self) -> int:
        """No text."""
        return 0

    def encode(self, column: pd.Series) -> tuple[Floats, None]:
        """Return the numbers or ranks; what was never seen is the level of the rare, or missing."""
        if self.empty:
            return np.zeros((len(column), 1)), None
        if self.kind == "number":
            return as_numbers(column)[:, None], None
        text = as_texts(column)
        codes = pd.Index(self.levels, dtype=object).get_indexer(pd.Index(text, dtype=object))
        unseen = float(len(self.levels)) if self.has_other else np.nan
        ranks = np.where(codes < 0, unseen, codes).astype(np.float64)
        ranks[text.isna().to_numpy()] = np.nan
        return ranks[:, None], None


@dataclass(frozen=True)
class StackOfFormat1:
    """A linear model on the members' logits, on log probabilities of all classes, or on values.

    Attributes
    ----------
    coefficients : ndarray of float, shape (n_outputs, n_inputs)
    intercepts : ndarray of float, shape (n_outputs,)
    """

    task: Task
    n_members: int
    coefficients: Floats = field(compare=False)
    intercepts: Floats = field(compare=False)

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Combine arrays of shape (n_rows,) or (n_rows, n_classes)."""
        scores = self._inputs(predictions) @ self.coefficients.T + self.intercepts
        if self.task == "regression":
            return np.asarray(scores[:, 0])
        if self.task == "binary":
            return np.asarray(1 / (1 + np.exp(-scores[:, 0])))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def weights(self) -> tuple[float, ...]:
        """Return each member's coefficient; for several classes the mean on its own class."""
        if self.task != "multiclass":
            return tuple(float(c) for c in self.coefficients[0])
        classes = len(self.intercepts)
        own = self.coefficients.reshape(classes, self.n_members, classes)
        return tuple(float(m) for m in np.einsum("kmk->m", own) / classes)

    def _inputs(self, predictions: Sequence[Floats]) -> Floats:
        if self.task == "regression":
            return np.stack(predictions, axis=1)
        clipped = [np.clip(p, _SMALLEST, 1 - _SMALLEST) for p in predictions]
        if self.task == "binary":
            return np.stack([np.log(p / (1 - p)) for p in clipped], axis=1)
        return np.concatenate([np.log(p) for p in clipped], axis=1)


def read_format_1(pickled: bytes) -> dict[str, Any]:
    """Return what today's predictor is made of, from the pickle of one of format 1.

    Like any pickle: only from a store that you trust.

    Raises
    ------
    UnpicklingError
        If it is the pickle of something else.
    """
    found = _Unpickler(io.BytesIO(pickled)).load()
    if not isinstance(found, _Predictor) or not isinstance(found.encoder, _Encoder):
        raise pickle.UnpicklingError("it is no predictor of format 1")
    columns, categorical = found.encoder.columns, found.encoder.categorical
    return {
        "target": found.target,
        "encoders": (FrameEncoder(columns=columns, categorical=categorical),),
        "members": found.members,
        "encoder_of": (0,) * len(found.members),
        "names": found.names,
        "combiner": found.combiner,
    }


class _Predictor:
    """What the pickle of a predictor fills."""

    target: Any
    encoder: Any
    members: tuple[Any, ...]
    names: tuple[str, ...]
    combiner: Any


class _Encoder:
    """What the pickle of its encoder fills."""

    columns: tuple[ColumnOfFormat1, ...]
    categorical: NDArray[np.bool_]


_THEN: dict[tuple[str, str], type] = {
    ("lamplighter.training.predictor", "Predictor"): _Predictor,
    ("lamplighter.features.encode", "FrameEncoder"): _Encoder,
    ("lamplighter.features.encode", "ColumnEncoder"): ColumnOfFormat1,
    ("lamplighter.training.combine", "Stack"): StackOfFormat1,
}
"""Classes that are gone or are others today, by the names that they had."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        then = _THEN.get((module_name, global_name))
        return then or super().find_class(module_name, global_name)
