"""Numbers for the values of columns, so that equal values of two frames have the same one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Numbered:
    """The number of each row, -1 where a value is missing, and which value has which number."""

    codes: Codes
    values: pd.Index


class GroupCodes:
    """Numbers of the combinations of some columns of one frame, each worked out once.

    Rows of another frame that is asked about get the numbers of their equals here; -1 where there
    is none, or where a value is missing.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._found: dict[tuple[str, ...], _Numbered] = {}

    def own(self, by: tuple[str, ...]) -> Codes:
        """Return the number of each row; with no `by` column all rows are one group."""
        return self._numbered(by).codes if by else np.zeros(len(self._frame), dtype=np.int64)

    def of(self, others: pd.DataFrame, by: tuple[str, ...]) -> Codes:
        """Return the numbers that the rows of another frame have here."""
        if not by:
            return np.zeros(len(others), dtype=np.int64)
        *first, last = by
        found = _positions(self._numbered((last,)).values, others[last])
        if not first:
            return found
        pairs = self._pairs(self.of(others, tuple(first)), found, last)
        return _looked_up(self._numbered(by).values, pairs)

    def _numbered(self, by: tuple[str, ...]) -> _Numbered:
        if by not in self._found:
            *first, last = by
            if not first:
                found, values = pd.factorize(self._frame[last])
                self._found[by] = _Numbered(found.astype(np.int64), values)
            else:
                pairs = self._pairs(self.own(tuple(first)), self.own((last,)), last)
                codes = np.full(len(pairs), -1, dtype=np.int64)
                codes[pairs >= 0], distinct = pd.factorize(pairs[pairs >= 0])
                self._found[by] = _Numbered(codes, pd.Index(distinct))
        return self._found[by]

    def _pairs(self, first: Codes, last: Codes, name: str) -> Codes:
        """Give each pair of numbers one; -1 where either is missing."""
        pairs = first * len(self._numbered((name,)).values) + last
        return np.where((first < 0) | (last < 0), -1, pairs)


def _positions(values: pd.Index, wanted: pd.Series) -> Codes:
    if wanted.dtype == values.dtype:
        return _looked_up(values, wanted)
    # Of two types, what equals what is decided where both lie in one column.
    both = pd.concat([pd.Series(values), wanted], ignore_index=True)
    codes, _ = pd.factorize(both)
    place = np.full(codes.max(initial=-1) + 2, -1, dtype=np.int64)
    place[codes[: len(values)]] = np.arange(len(values))
    place[-1] = -1  # where code -1, a missing value, looks
    return place[codes[len(values) :]]


def _looked_up(values: pd.Index, wanted: pd.Series | Codes) -> Codes:
    return values.get_indexer(pd.Index(wanted)).astype(np.int64)
