"""What was known when: the only way in which features read the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import pandas as pd

from lamplighter.data.asof_latest import latest_positions
from lamplighter.data.asof_versions import (
    FOREVER,
    Ints,
    Versions,
    microsecond,
    microseconds,
    microseconds_of,
)
from lamplighter.data.asof_window import Floats, Window, window_totals
from lamplighter.data.filled_in import fill_times, known_from, masked
from lamplighter.data.group_codes import GroupCodes
from lamplighter.errors import DataError, TimeTravelError
from lamplighter.spec.data import Table

Aggregate = Literal["mean", "sum", "count"]

_OWN = ["_known_at", "_event_time", "_deleted"]


class AsOfView:
    """The tables as they were known, at each example's own prediction time.

    A feature function gets one. `latest` and `window` answer for every example what was known at
    its ``prediction_time``; nothing known later can be read, and asking for it raises. Examples
    without a prediction time (a model without time) see what was known at `as_of`.

    Parameters
    ----------
    tables : mapping of str to (Table, DataFrame)
        Declaration and all versions of each table, as `Lake.history` returns them.
    as_of : datetime
        Nothing later than this can be read.
    codes : mapping of str to GroupCodes, optional
        Those of a view of the same rows with other times, so that they are not worked out again.

    Notes
    -----
    For a key, the version with the greatest ``_known_at <= t`` is what is known at t; where that
    is a tombstone, nothing is. A column that the spec declares as filled in later is empty until
    then, also where the source has already written it.
    """

    def __init__(
        self,
        tables: Mapping[str, tuple[Table, pd.DataFrame]],
        *,
        as_of: datetime,
        codes: Mapping[str, GroupCodes] | None = None,
    ) -> None:
        self.as_of = as_of
        self._horizon = as_of
        self._restricted = False
        self._read_whole: set[str] = set()
        codes = codes or {}
        self._versions = {
            name: Versions.of(table, history, codes=codes.get(name))
            for name, (table, history) in tables.items()
        }
        self._filled = {
            name: fill_times(table, found.frame, found.event)
            for name, (table, _) in tables.items()
            for found in [self._versions[name]]
        }

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(self._versions)

    @property
    def read_whole(self) -> frozenset[str]:
        """Names of the tables that were read as a whole, by `rows`, here or in a view made of this.

        Their answer depends on the first prediction time of the examples, so on which examples
        are asked about together.
        """
        return frozenset(self._read_whole)

    def columns(self, table: str) -> list[str]:
        """Names of a table's columns."""
        return [column for column in self._of(table).frame.columns if column not in _OWN]

    def restricted_to(self, examples: pd.DataFrame) -> AsOfView:
        """Return the view a feature function gets: `rows` ends at the first prediction time.

        `rows` knows no single example's time, so it must not read past the earliest.
        """
        times = examples["prediction_time"].dropna()
        view = copy(self)
        view._restricted = True
        if len(times):
            view._horizon = min(self._horizon, times.min().to_pydatetime())
        return view

    def bounded_by(self, examples: pd.DataFrame) -> AsOfView:
        """Return a view whose `rows` will end at the first of these prediction times.

        For features that are built in parts: with each part's own first time, `rows` would answer
        each part differently.
        """
        bounded = copy(self)
        bounded._horizon = self.restricted_to(examples)._horizon
        return bounded

    def rows(self, table: str, *, at: datetime | None = None) -> pd.DataFrame:
        """Return the rows of a table as they were known at one time, one row per key.

        Parameters
        ----------
        at : datetime, optional
            `as_of` unless given.

        Raises
        ------
        TimeTravelError
            If `at` lies after `as_of`, or, in a feature function, after the earliest prediction
            time of its examples.
        """
        at = self.as_of if at is None else at
        if at > self._horizon:
            limit = "as_of" if self._horizon == self.as_of else "the earliest prediction time"
            raise TimeTravelError(
                f"rows of {table!r} were asked for at {at.isoformat()}, which is after {limit} "
                f"{self._horizon.isoformat()}; ask for an earlier time, or use latest or window, "
                "which look back from each example's own prediction time"
            )
        versions = self._of(table)
        self._read_whole.add(table)
        found = versions.standing(microsecond(at))
        rows = versions.frame.drop(columns=_OWN).take(found)
        return self._masked(table, rows, found, microsecond(at)).reset_index(drop=True)

    def latest(
        self,
        table: str,
        examples: pd.DataFrame,
        *,
        by: Sequence[str],
        columns: Sequence[str],
        at: pd.Series[pd.Timestamp] | None = None,
        max_age: timedelta | None = None,
    ) -> pd.DataFrame:
        """Look up, for each example, the newest row that had happened and was known by then.

        Parameters
        ----------
        examples : DataFrame
            With a column ``prediction_time`` and the columns `by`.
        by : sequence of str
            Columns in which the row must equal the example. A missing value equals nothing.
        columns : sequence of str
            Columns of the table to return.
        at : Series of timestamps, optional
            A time of its own for each example, not after its prediction time.
        max_age : timedelta, optional
            Rows that happened longer ago than this do not count.

        Returns
        -------
        DataFrame, one row per example, with the examples' index
            NaN where there is no such row. Whole numbers and booleans come back as floats, so
            that a column has the same type whether or not something is missing.

        Raises
        ------
        TimeTravelError
            If a time lies after the example's prediction time or after `as_of`.
        DataError
            If a table or a column is not there.
        """
        versions = self._of(table)
        _require(versions.frame, columns, f"table {table!r}")
        groups, wanted_groups = self._groups(table, examples, by)
        versions = replace(versions, known=known_from(versions.known, self._filled[table], by))
        times = self._times(examples, at)
        found = latest_positions(versions, groups, wanted_groups=wanted_groups, times=times)
        if max_age is not None and len(versions):
            too_old = versions.event[found] < times - microseconds_of(max_age)
            found = np.where(too_old, -1, found)
        taken = _stable_types(versions.frame[list(columns)]).reindex(found)
        return self._masked(table, taken, found, times).set_axis(examples.index)

    def window(
        self,
        table: str,
        examples: pd.DataFrame,
        *,
        by: Sequence[str],
        value: str | None = None,
        since: timedelta | None = None,
        until: timedelta = timedelta(0),
        aggregate: Aggregate = "mean",
    ) -> pd.Series[float]:
        """Aggregate, for each example, the rows in a window of time that were known by then.

        Parameters
        ----------
        examples, by
            As in `latest`. An empty `by` aggregates the whole table.
        value : str, optional
            Column of numbers or booleans. Only ``count`` does without it. Missing values do not
            count.
        since, until : timedelta
            The window: event times from ``prediction_time - since`` to ``prediction_time -
            until``, both included. Without `since`, from the beginning. Negative ones look at
            events announced for later, as far as they were known.
        aggregate : {"mean", "sum", "count"}

        Returns
        -------
        Series of float, one value per example, with the examples' index
            A mean over nothing is NaN; a sum or a count over nothing is 0.

        Raises
        ------
        TimeTravelError
            If a prediction time lies after `as_of`.
        DataError
            If a table or a column is not there, or the column holds no numbers.
        ValueError
            If the window ends before it begins, or `value` is missing.
        """
        if since is not None and since < until:
            raise ValueError(f"the window ends {until} ago, before it begins {since} ago")
        if value is None and aggregate != "count":
            raise ValueError(f"aggregate {aggregate!r} needs a value column; only 'count' does not")
        versions = self._of(table)
        _require(versions.frame, by, f"table {table!r}")
        _require(examples, [*by, "prediction_time"], "the examples")
        values = _numbers(versions.frame, value, table)
        times = self._times(examples, None)
        read = [*by, value] if value is not None else list(by)
        versions = replace(versions, known=known_from(versions.known, self._filled[table], read))
        window = Window(
            since=None if since is None else microseconds_of(since), until=microseconds_of(until)
        )
        groups = versions.codes.own(tuple(by))
        wanted_groups = versions.codes.of(examples, tuple(by))
        sums, counts = window_totals(
            versions, groups, values, window, wanted_groups=wanted_groups, times=times
        )
        if aggregate == "mean":
            with np.errstate(invalid="ignore"):
                sums = sums / counts
        result = counts.astype(np.float64) if aggregate == "count" else sums
        return pd.Series(result, index=examples.index, name=value or "count")

    def announced(
        self, table: str, examples: pd.DataFrame, *, columns: Sequence[str], lead: timedelta | None
    ) -> pd.DataFrame:
        """Return what each example's own row said when it was predicted.

        Parameters
        ----------
        examples : DataFrame
            With the table's key columns.
        lead : timedelta or None
            The prediction is made this long before the row's event time; None without time.

        Returns
        -------
        DataFrame, one row per example, with the examples' index

        Raises
        ------
        TimeTravelError
            In a feature function, since the answer does not look at ``prediction_time``.

        See Also
        --------
        Versions.standing_when_predicted : Which version that is.
        """
        if self._restricted:
            raise TimeTravelError(
                f"a feature function asked for the announced rows of {table!r}; the examples it "
                "gets already hold them"
            )
        versions = self._of(table)
        if lead is None:
            found = versions.standing(microsecond(self.as_of))
        else:
            found = versions.standing_when_predicted(lead)
        at = versions.matching(found, examples)
        own = versions.frame[list(columns)].reindex(at)
        predicted = _when_predicted(versions, at, lead)
        return self._masked(table, own, at, predicted).set_axis(examples.index)

    def filled_in_too_late(
        self, table: str, examples: pd.DataFrame, *, lead: timedelta
    ) -> dict[str, int]:
        """Count, per column that is filled in later, the examples that are predicted before."""
        versions = self._of(table)
        at = versions.matching(versions.standing_when_predicted(lead), examples)
        at = at[at >= 0]
        predicted = _when_predicted(versions, at, lead)
        return {
            column: int((filled[at] > predicted).sum())
            for column, filled in self._filled[table].items()
        }

    def _masked(
        self, table: str, rows: pd.DataFrame, positions: Ints, times: Ints | int
    ) -> pd.DataFrame:
        """Empty what was filled in only after a time; rows that are not there are empty anyway."""
        # Position -1, where there is no row, takes what stands at the end.
        filled = {
            name: np.append(moments, FOREVER)[positions]
            for name, moments in self._filled[table].items()
        }
        return masked(rows, filled, times) if filled else rows

    def _of(self, table: str) -> Versions:
        if table not in self._versions:
            raise DataError(
                f"there is no table {table!r}; the spec declares {', '.join(self._versions)}"
            )
        return self._versions[table]

    def _groups(self, table: str, examples: pd.DataFrame, by: Sequence[str]) -> tuple[Ints, Ints]:
        versions = self._of(table)
        _require(versions.frame, by, f"table {table!r}")
        _require(examples, [*by, "prediction_time"], "the examples")
        return versions.codes.own(tuple(by)), versions.codes.of(examples, tuple(by))

    def _times(self, examples: pd.DataFrame, at: pd.Series[pd.Timestamp] | None) -> Ints:
        """Return the time each example may look back from, none of them in the future."""
        last = microsecond(self.as_of)
        predicted = _or_else(examples["prediction_time"], last)
        if (late := int((predicted > last).sum())) > 0:
            raise TimeTravelError(
                f"{late} of {len(predicted)} examples are predicted after as_of "
                f"{self.as_of.isoformat()}; read the view as of their time"
            )
        if at is None:
            return predicted
        asked = _or_else(at, last)
        if (late := int((asked > predicted).sum())) > 0:
            raise TimeTravelError(
                f"{late} of {len(asked)} examples ask for what was known after their own "
                "prediction time; ask for that time or an earlier one"
            )
        return asked


def _when_predicted(versions: Versions, at: Ints, lead: timedelta | None) -> Ints | int:
    return FOREVER if lead is None else np.append(versions.event, 0)[at] - microseconds_of(lead)


def _or_else(times: pd.Series[pd.Timestamp], otherwise: int) -> Ints:
    return np.where(times.isna().to_numpy(), otherwise, microseconds(times))


def _require(frame: pd.DataFrame, columns: Sequence[str], where: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        there = ", ".join(str(c) for c in frame.columns if c not in _OWN)
        raise DataError(f"there is no column {missing[0]!r} in {where}; found {there}")


def _numbers(frame: pd.DataFrame, value: str | None, table: str) -> Floats:
    if value is None:
        return np.ones(len(frame))
    _require(frame, [value], f"table {table!r}")
    if not pd.api.types.is_numeric_dtype(frame[value].dtype):
        raise DataError(
            f"column {value!r} of table {table!r} is {frame[value].dtype}, expected numbers or "
            "booleans; count it, or aggregate another column"
        )
    return frame[value].to_numpy(dtype=np.float64, na_value=np.nan)


def _stable_types(frame: pd.DataFrame) -> pd.DataFrame:
    numeric = frame.select_dtypes(["number", "bool"]).columns
    return frame.astype(dict.fromkeys(numeric, "float64"))
