"""The versions of a table's rows: since when each was known, and until when it stood.

Times are whole microseconds since 1970 (UTC), as Delta stores them: comparing them is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.group_codes import GroupCodes
from lamplighter.errors import DataError
from lamplighter.spec.data import Table

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FOREVER = np.iinfo(np.int64).max
"""A time after all times."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Versions:
    """Every version of every row of one table, in the order of the frame it came from.

    A row without an event time counts as happening when it became known.

    Attributes
    ----------
    frame : DataFrame
        The table's own columns, plus ``_known_at``, ``_event_time`` and ``_deleted``.
    key : tuple of str
        Columns that identify an entity.
    entity : array of int, shape (n_versions,)
        Number of the entity, the same for all its versions.
    known, event, superseded : array of int, shape (n_versions,)
        Microseconds. A version stands for the times t with ``known <= t < superseded``. Of two
        versions of a key that became known together, the later one in the frame stands.
    deleted : array of bool, shape (n_versions,)
        Whether the version is a tombstone.
    known_codes : GroupCodes, optional
        Numbers of the values in the frame's columns, where others have worked them out.
    """

    frame: pd.DataFrame
    key: tuple[str, ...]
    entity: Ints
    known: Ints
    event: Ints
    superseded: Ints
    deleted: Bools
    known_codes: GroupCodes | None = None

    @classmethod
    def of(
        cls, table: Table, history: pd.DataFrame, *, codes: GroupCodes | None = None
    ) -> Versions:
        """Read the versions from a frame as `Lake.history` returns it.

        `codes` are those of the same rows with other times, if they are known already.
        """
        frame = history.reset_index(drop=True)
        known = microseconds(frame["_known_at"])
        event = microseconds(frame["_event_time"])
        event = np.where(frame["_event_time"].isna().to_numpy(), known, event)
        codes = codes or GroupCodes(frame)
        entity = codes.own(table.key)
        return cls(
            frame=frame,
            key=table.key,
            entity=entity,
            known=known,
            event=event,
            superseded=_superseded(entity, known),
            deleted=frame["_deleted"].to_numpy(dtype=bool),
            known_codes=codes,
        )

    @cached_property
    def codes(self) -> GroupCodes:
        """Numbers of the values in the frame's columns."""
        return self.known_codes or GroupCodes(self.frame)

    def __len__(self) -> int:
        return len(self.frame)

    def standing(self, at: int) -> Ints:
        """Return the positions of the versions that stand at one time, tombstones left out."""
        stands = (self.known <= at) & (at < self.superseded) & ~self.deleted
        return np.flatnonzero(stands)

    def standing_when_predicted(self, lead: timedelta) -> Ints:
        """Return, per entity, the position of the version that its prediction is made from.

        That is the first version which stood at its own prediction time, event time minus
        `lead`. A row that became known only after its prediction time counts from when it came.
        Versions that become known later never change the answer.
        """
        moment = np.maximum(self.known, self.event - microseconds_of(lead))
        fits = np.flatnonzero((moment < self.superseded) & ~self.deleted)
        order = fits[np.lexsort((fits, self.known[fits]))]
        _, first = np.unique(self.entity[order], return_index=True)
        return np.sort(order[first])

    def matching(self, positions: Ints, examples: pd.DataFrame) -> Ints:
        """Find, per example, which of some versions has its key; -1 for none.

        Parameters
        ----------
        positions : array of int
            Versions to choose from, at most one per entity.
        examples : DataFrame
            With the key columns.
        """
        rows, wanted = self.codes.own(self.key)[positions], self.codes.of(examples, self.key)
        found = np.full(max(rows.max(initial=-1), wanted.max(initial=-1)) + 2, -1, dtype=np.int64)
        found[rows] = positions
        found[-1] = -1  # where code -1, a missing key, looks
        return found[wanted]

    def standing_each(self, examples: pd.DataFrame, times: Ints) -> Ints:
        """Find, per example, the version of its key that stands at a time of its own; -1 for none.

        Parameters
        ----------
        examples : DataFrame, shape (n_examples, n_columns)
            With the key columns.
        times : array of int, shape (n_examples,)
            Microseconds.
        """
        rows, wanted = self.codes.own(self.key), self.codes.of(examples, self.key)
        # lexsort is stable: of versions known together, the later one in the frame comes last.
        order = np.lexsort((self.known, rows))
        distinct, ranks = np.unique(self.known, return_inverse=True)
        stride = len(distinct) + 1
        places = (rows * stride + ranks + 1)[order]
        asked = wanted * stride + np.searchsorted(distinct, times, side="right")
        last = np.searchsorted(places, asked, side="right") - 1
        found = np.full(len(times), -1, dtype=np.int64)
        some = (last >= 0) & (wanted >= 0)
        position = order[last[some]]
        stands = (rows[position] == wanted[some]) & ~self.deleted[position]
        found[some] = np.where(stands, position, -1)
        return found


def microseconds(times: pd.Series[pd.Timestamp]) -> Ints:
    """Return times as whole microseconds since 1970 (UTC). NaT becomes the smallest integer."""
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise DataError(
            f"{times.name} has the type {times.dtype}, expected times with a zone; "
            "convert it to UTC first"
        )
    return (
        times.dt.tz_convert("UTC").dt.as_unit("us").dt.tz_localize(None).to_numpy().astype(np.int64)
    )


def microsecond(time: datetime) -> int:
    """Return one time as whole microseconds since 1970 (UTC)."""
    if time.tzinfo is None:
        raise DataError(f"got the time {time.isoformat()}, expected one with its zone")
    return (time - _EPOCH) // timedelta(microseconds=1)


def microseconds_of(duration: timedelta) -> int:
    """Return a duration as whole microseconds."""
    return duration // timedelta(microseconds=1)


def _superseded(entity: Ints, known: Ints) -> Ints:
    # lexsort is stable, so versions known together keep the order of the frame.
    order = np.lexsort((known, entity))
    following = np.full(len(order), FOREVER, dtype=np.int64)
    same = entity[order][1:] == entity[order][:-1]
    following[:-1][same] = known[order][1:][same]
    superseded = np.empty_like(following)
    superseded[order] = following
    return superseded
