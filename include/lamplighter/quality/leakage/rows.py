"""The rows that are looked at for leaks: features, labels, and where each row lies."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

Task = Literal["binary", "multiclass", "regression"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_SAMPLE_SEED = 20_130_101
_LARGEST = float(np.finfo(np.float32).max)  # XGBoost reads single precision


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Training and hold-out rows, with all that a leak could show in.

    Attributes
    ----------
    features : DataFrame, shape (n_rows, n_features)
        Numbers, booleans or text, as they are trained on.
    label : ndarray, shape (n_rows,)
        Classes, or numbers for a regression. Nothing missing.
    holdout : ndarray of bool, shape (n_rows,)
        True where a row is held out, False where it is trained on.
    task : {"binary", "multiclass", "regression"}
    blocks : ndarray of str or None
        Calendar day of each row, sortable. None without time: then every row stands for itself.
    times : ndarray of float or None
        Prediction time of each row in seconds. None without time.
    keys : DataFrame
        The key columns of the examples table.
    live : DataFrame or None
        Features of the newest rows, whose label is not known yet.
    """

    features: pd.DataFrame
    label: NDArray[np.generic]
    holdout: Bools
    task: Task
    blocks: NDArray[np.generic] | None = None
    times: Floats | None = None
    keys: pd.DataFrame = field(default_factory=pd.DataFrame)
    live: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The features, each read once."""
        return {str(name): Column.of(self.features[name]) for name in self.features.columns}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, empty for a regression."""
        return () if self.task == "regression" else tuple(_class_name(c) for c in self._coded[1])

    @cached_property
    def class_codes(self) -> Ints:
        """Number of each row's class."""
        return np.asarray(self._coded[0], dtype=np.int64)

    @cached_property
    def numbers(self) -> Floats:
        """The label of a regression."""
        return np.asarray(self.label, dtype=np.float64)

    @cached_property
    def block_codes(self) -> Ints | None:
        """Number of each row's day, in no special order."""
        return None if self.blocks is None else _int64(pd.factorize(self.blocks)[0])

    @cached_property
    def _coded(self) -> tuple[Ints, pd.Index]:
        codes, classes = pd.factorize(pd.Series(self.label), sort=True)
        return _int64(codes), pd.Index(classes)

    def sample(self, where: Bools, size: int) -> Ints:
        """Return positions of at most `size` of the given rows, always the same ones, in order."""
        found = np.flatnonzero(where)
        if len(found) <= size:
            return found
        chosen = np.random.default_rng(_SAMPLE_SEED).choice(len(found), size, replace=False)
        return found[np.sort(chosen)]


@dataclass(frozen=True, eq=False)
class Column:
    """One feature, read once: which value each row has, and its numbers if it holds any.

    Attributes
    ----------
    codes : ndarray of int, shape (n_rows,)
        Number of the row's value in `values`; -1 where it is missing.
    values : Index
    numbers : ndarray of float or None
        NaN where missing. None for text.
    whole : bool
        Whether all numbers are whole; False for text.
    """

    codes: Ints
    values: pd.Index
    numbers: Floats | None
    whole: bool

    @classmethod
    def of(cls, column: pd.Series) -> Column:
        """Read a column."""
        numbers = numbers_of(column)
        # Mixed objects are told apart by their text, as the encoder does.
        known = column.map(str, na_action="ignore") if numbers is None else pd.Series(numbers)
        codes, values = pd.factorize(known)
        whole = False
        if numbers is not None:
            held = np.asarray(values, dtype=np.float64)
            whole = bool(len(held) and np.isfinite(held).all() and (held == np.floor(held)).all())
        return cls(_int64(codes), pd.Index(values), numbers, whole)

    @property
    def known(self) -> Bools:
        """Where there is a value."""
        return self.codes >= 0

    @property
    def ordered(self) -> Floats:
        """Numbers as they are, text as its rank by frequency; NaN where missing or too large."""
        if self.numbers is not None:
            return np.where(np.abs(self.numbers) <= _LARGEST, self.numbers, np.nan)
        counts = np.bincount(self.codes + 1, minlength=len(self.values) + 1)[1:]
        ranks = np.full(
            len(counts) + 1, np.nan
        )  # the last is where code -1, a missing value, looks
        ranks[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        return ranks[self.codes]


def numbers_of(column: pd.Series) -> Floats | None:
    """Return a column as floats, NaN where missing, or None if it holds text."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return None
    if types.is_timedelta64_dtype(dtype):
        return np.asarray(column.dt.total_seconds(), dtype=np.float64)
    if types.is_numeric_dtype(dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    kind = types.infer_dtype(column, skipna=True)
    if kind in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"):
        return np.asarray(pd.to_numeric(column.astype(object), errors="coerce"), dtype=np.float64)
    return None


def shown(value: object) -> str:
    """Write a value as a reader would."""
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{value[:37]!r}..."
    return f"{value:g}" if isinstance(value, float | np.floating) else str(value)


def _class_name(value: object) -> str:
    return shown(float(value)) if isinstance(value, bool | np.bool_) else shown(value)


def _int64(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)
