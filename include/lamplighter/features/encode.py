"""Encoding: from a frame of raw features to the one matrix that every member reads.

Each column is encoded by its kind, as its values or the spec say: numbers and booleans stay
numbers, with NaN for what is missing; a category becomes the rank of its level and, where there are
many, the means of the target; a date its parts; free text weighted terms and a summary of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from lamplighter.errors import DataError
from lamplighter.features.category import FEW_LEVELS, MAX_LEVELS, CategoryColumn
from lamplighter.features.column import Column, Floats
from lamplighter.features.date import DateColumn
from lamplighter.features.kinds import kind_of, read_kind, why_unusable
from lamplighter.features.number import NumberColumn, finite
from lamplighter.features.target_means import Teacher
from lamplighter.features.text import TextColumn
from lamplighter.spec.features import FeatureType


@dataclass(frozen=True)
class Encoded:
    """A matrix of features and which of its columns hold codes of categories.

    Attributes
    ----------
    values : ndarray of float64, shape (n_rows, n_features)
        NaN where a value is missing.
    categorical : ndarray of bool, shape (n_features,)
    sparse : csr_matrix, shape (n_rows, n_terms), or None
        Terms of text, for members that read so many columns; the rest read a dense summary of
        them among the `values`.
    summary : ndarray of bool, shape (n_features,), or None
        Which of the `values` are that summary.
    """

    values: NDArray[np.float64]
    categorical: NDArray[np.bool_]
    sparse: csr_matrix | None = None
    summary: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, index: NDArray[np.intp]) -> Encoded:
        """Return the given rows."""
        sparse = None if self.sparse is None else self.sparse[index]
        return replace(self, values=self.values[index], sparse=sparse)

    def without_summary(self) -> Encoded:
        """Return the rows for a member that reads the terms themselves."""
        if self.summary is None or not self.summary.any():
            return self
        kept = ~self.summary
        return Encoded(self.values[:, kept], self.categorical[kept], self.sparse)


@dataclass(frozen=True)
class FrameEncoder:
    """Encode a frame of raw features. Fitted on training rows only.

    Attributes
    ----------
    columns : tuple of Column
        An encoder for each raw feature, in their order.
    optional : tuple of str
        Features that may be missing later; they count as empty then.

    Examples
    --------
    >>> frame = pd.DataFrame({"origin": ["JFK", "LGA", "JFK"], "hour": [7, 8, 9]})
    >>> encoder = FrameEncoder.fit(frame)
    >>> encoder.transform(pd.DataFrame({"origin": ["LGA", "ORD"], "hour": [7, None]})).values
    array([[ 1.,  7.],
           [nan, nan]])
    """

    columns: tuple[Column, ...]
    optional: tuple[str, ...] = ()
    categorical: NDArray[np.bool_] = field(compare=False, default_factory=lambda: np.empty(0, bool))

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        *,
        types: Mapping[str, FeatureType] | None = None,
        optional: Collection[str] = (),
        teacher: Teacher | None = None,
        max_levels: int = MAX_LEVELS,
    ) -> Self:
        """Learn how to encode the columns of a frame (see `learn`)."""
        return cls.learn(
            frame, types=types, optional=optional, teacher=teacher, max_levels=max_levels
        )[0]

    @classmethod
    def learn(
        cls,
        frame: pd.DataFrame,
        *,
        types: Mapping[str, FeatureType] | None = None,
        optional: Collection[str] = (),
        teacher: Teacher | None = None,
        max_levels: int = MAX_LEVELS,
    ) -> tuple[Self, Encoded]:
        """Learn how to encode the columns of a frame, and encode it.

        Where a `teacher` tells the target, the frame's own rows are encoded otherwise than
        `transform` would, so that no row is told its own target: fit members on what comes back.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_columns)
            Training rows.
        types : mapping of str to FeatureType, optional
            Kinds of columns that are not to be read from their values.
        optional : collection of str
            Features that may be missing later.
        teacher : Teacher, optional
            The target of the rows; without it no category has means of the target.
        max_levels : int
            Levels of a category that are told apart.

        Raises
        ------
        DataError
            If a column can be no feature; `usable_features` drops such columns with a reason.
        """
        _refuse_unusable(frame)
        types = types or {}
        learned = [
            _learn_column(frame[name], types.get(name), teacher, max_levels)
            for name in frame.columns
        ]
        encoder = cls._of((column for column, _, _ in learned), optional)
        values = np.hstack([dense for _, dense, _ in learned])
        texts = [sparse for _, _, sparse in learned if sparse is not None]
        return encoder, encoder._encoded(values, texts)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the raw features."""
        return tuple(column.name for column in self.columns)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns of the matrix."""
        return tuple(output for column in self.columns for output in column.outputs)

    @property
    def sources(self) -> NDArray[np.intp]:
        """For each column of the matrix, the place of its raw feature among the `names`."""
        widths = [len(column.outputs) for column in self.columns]
        return np.repeat(np.arange(len(widths)), widths)

    @property
    def taught(self) -> NDArray[np.bool_]:
        """For each column of the matrix, whether it holds a mean of the target."""
        found = np.zeros(len(self.categorical), dtype=bool)
        for column, start in self.placed():
            if isinstance(column, CategoryColumn) and column.means is not None:
                found[start + 1 : start + len(column.outputs)] = True  # after the rank
        return found

    def placed(self) -> Iterator[tuple[Column, int]]:
        """Yield the columns, and where in the matrix the first of what they become stands."""
        start = 0
        for column in self.columns:
            yield column, start
            start += len(column.categorical)

    def keeping(self, names: Collection[str]) -> Self:
        """Return the encoder of some of the features."""
        kept = [column for column in self.columns if column.name in names]
        return self._of(kept, self.optional)

    def part(self, X: Encoded, names: Collection[str]) -> Encoded:
        """Return what rows that this encoder made hold of some of the features."""
        kept = np.array([name in names for name in self.names], dtype=bool)
        sparse = None
        if X.sparse is not None:
            terms = np.repeat(kept, [column.terms for column in self.columns])
            sparse = X.sparse[:, np.flatnonzero(terms)] if terms.any() else None
        columns = kept[self.sources]
        return Encoded(
            np.ascontiguousarray(X.values[:, columns]),
            X.categorical[columns],
            sparse,
            None if X.summary is None or sparse is None else X.summary[columns],
        )

    def transform(self, frame: pd.DataFrame) -> Encoded:
        """Encode rows. Columns that were not there in training are ignored.

        Raises
        ------
        DataError
            If a feature is missing that is not `optional`.
        """
        self._refuse_missing(frame)
        values = np.empty((len(frame), len(self.categorical)))
        texts: list[csr_matrix] = []
        at_once = _plain_numbers(self, frame)
        if at_once:
            numbers = frame[list(at_once)].to_numpy(dtype=np.float64)
            values[:, list(at_once.values())] = finite(numbers)
        for column, start in self.placed():
            if column.name not in at_once:
                dense, sparse = column.encode(_find(frame, column.name))
                values[:, start : start + dense.shape[1]] = dense
                if sparse is not None:
                    texts.append(sparse)
        return self._encoded(values, texts)

    def _encoded(self, values: Floats, texts: Sequence[csr_matrix]) -> Encoded:
        if not texts:
            return Encoded(values, self.categorical)
        summary = np.zeros(len(self.categorical), dtype=bool)
        for column, start in self.placed():
            if isinstance(column, TextColumn):
                summary[start + 1 : start + len(column.outputs)] = True  # after the length
        return Encoded(values, self.categorical, _side_by_side(texts), summary)

    @classmethod
    def _of(cls, columns: Iterable[Column], optional: Collection[str]) -> Self:
        taken = tuple(columns)
        codes = [code for column in taken for code in column.categorical]
        kept = tuple(column.name for column in taken if column.name in optional)
        return cls(taken, kept, np.array(codes, dtype=bool))

    def _refuse_missing(self, frame: pd.DataFrame) -> None:
        missing = [
            name for name in self.names if name not in frame.columns and name not in self.optional
        ]
        if missing:
            raise DataError(_missing_message(missing, frame.columns, expected=len(self.names)))


def _learn_column(
    column: pd.Series, declared: FeatureType | None, teacher: Teacher | None, max_levels: int
) -> tuple[Column, Floats, csr_matrix | None]:
    kind = declared or read_kind(column)
    if kind == "text":
        return TextColumn.learn(column)
    fitted: Column
    if kind == "date":
        fitted = DateColumn.fit(column)
    elif kind == "category":
        category = CategoryColumn.fit(column, max_levels=max_levels)
        if teacher is not None and len(category.levels) > FEW_LEVELS:
            return *category.taught(column, teacher), None
        fitted = category.without_the_rare()
    else:
        fitted = NumberColumn.fit(column, truth=kind == "boolean")
    return fitted, *fitted.encode(column)


def _side_by_side(texts: Sequence[csr_matrix]) -> csr_matrix | None:
    return hstack(texts, format="csr") if len(texts) > 1 else next(iter(texts), None)


def _plain_numbers(encoder: FrameEncoder, frame: pd.DataFrame) -> dict[str, int]:
    """Return the columns that can be copied at once, and where to."""
    plain = {
        name
        for name, dtype in zip(frame.columns, frame.dtypes, strict=True)
        if isinstance(dtype, np.dtype) and dtype.kind in "biuf"
    }
    return {
        column.name: start
        for column, start in encoder.placed()
        if isinstance(column, NumberColumn)
        and not (column.truth or column.empty)
        and column.name in plain
    }


def _find(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame.columns:
        return frame[name]
    return pd.Series(np.nan, index=frame.index, dtype=object, name=name)


def _refuse_unusable(frame: pd.DataFrame) -> None:
    problems = [
        f"{name}: {why_unusable(frame[name]) or f'type {frame[name].dtype}'}"
        for name in frame.columns
        if kind_of(frame[name]) is None
    ]
    if problems:
        raise DataError(f"columns that cannot be features: {'; '.join(problems)}")


def _missing_message(missing: Sequence[str], found: pd.Index, *, expected: int) -> str:
    names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
    return (
        f"{len(missing)} of {expected} features are missing: {names}; found {len(found)} columns; "
        "give the features that the model was trained on"
    )
