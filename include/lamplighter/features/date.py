"""Dates and times: parts of the calendar, and how long after training's first date.

The time that has passed is held within what training saw, because no member has learnt what lies
beyond; what comes round again (the hour, the day of the year) is also given as a point on a circle.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from pandas.api import types

from lamplighter.features.column import Floats
from lamplighter.features.number import as_scalars

_DAY = 86_400.0
_YEAR = 365.2425


@dataclass(frozen=True)
class DateColumn:
    """A date or time.

    Attributes
    ----------
    zone : str
        Where training's hours and weekdays were read; empty for times without a zone. Times with
        another zone are converted, times without one are taken for UTC.
    first : float
        Training's first date, in days since 1970.
    days : float
        From there to the last one.
    parts : tuple of str
        What varied in training.
    """

    name: str
    zone: str
    first: float
    days: float
    parts: tuple[str, ...]

    @classmethod
    def fit(cls, column: pd.Series) -> Self:
        """Learn which parts vary."""
        zone = str(column.dt.tz) if isinstance(column.dtype, pd.DatetimeTZDtype) else ""
        name = sys.intern(str(column.name))
        times = _local(column, zone)
        since = _days(times)
        known = since[~np.isnan(since)]
        if not known.size:
            return cls(name, zone, 0.0, 0.0, ())
        first, days = float(known.min()), float(known.max() - known.min())
        varying = tuple(part for part in _PARTS if _varies(_PARTS[part](times, since)))
        parts = tuple(part for part in varying if days > _YEAR / 2 or not part.startswith("season"))
        elapsed = ("elapsed",) if days else ()
        return cls(name, zone, first, days, (*parts, *elapsed))

    @property
    def outputs(self) -> tuple[str, ...]:
        """One name for each part; a column that never varied is 0 for ever."""
        return tuple(f"{self.name}: {part}" for part in self.parts) or (self.name,)

    @property
    def categorical(self) -> tuple[bool, ...]:
        """All are numbers."""
        return tuple(False for _ in self.outputs)

    @property
    def terms(self) -> int:
        """No text."""
        return 0

    def encode(self, column: pd.Series) -> tuple[Floats, None]:
        """Return the parts; what is no date is missing."""
        dated = types.is_datetime64_any_dtype(column.dtype)
        codes, distinct = pd.factorize(column if dated else as_scalars(column))
        # Taken apart once for each distinct time; the last row is of what is missing.
        values = np.zeros((len(distinct) + 1, len(self.outputs)))
        if self.parts:
            values[-1] = np.nan
        times = _local(pd.Series(distinct), self.zone)
        since = _days(times)
        for place, part in enumerate(self.parts):
            if part == "elapsed":
                values[:-1, place] = np.clip(since - self.first, 0.0, self.days)
            else:
                values[:-1, place] = _PARTS[part](times, since)
        return values[codes], None


def _local(column: pd.Series, zone: str) -> pd.Series:
    """Return times of a zone, without saying so any more."""
    dtype = column.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        times = column
    elif types.is_datetime64_any_dtype(dtype):
        if not zone:
            return column
        times = column.dt.tz_localize("UTC")
    elif types.is_numeric_dtype(dtype):
        return pd.Series(pd.NaT, index=column.index, dtype="datetime64[us]")
    else:
        texts = as_scalars(column).map(str, na_action="ignore")
        times = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601")
    local: pd.Series = times.dt.tz_convert(zone or "UTC").dt.tz_localize(None)
    return local


def _days(times: pd.Series) -> Floats:
    since = times - pd.Timestamp(0)
    return np.asarray(since.dt.total_seconds().to_numpy(dtype=np.float64) / _DAY)


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(known.size and known.min() < known.max())


def _hour(times: pd.Series, since: Floats) -> Floats:
    # To the microsecond, which a day's fraction in double precision still holds.
    return np.round((since - np.floor(since)) * 24, 6)


def _field(name: str) -> Callable[[pd.Series, Floats], Floats]:
    return lambda times, since: getattr(times.dt, name).to_numpy(dtype=np.float64)


def _circle(turn: Callable[[pd.Series, Floats], Floats], wave: np.ufunc) -> Callable[..., Floats]:
    return lambda times, since: wave(2 * np.pi * turn(times, since))


_TURNS: dict[str, Callable[[pd.Series, Floats], Floats]] = {
    "hour": lambda times, since: since - np.floor(since),
    "season": lambda times, since: _field("day_of_year")(times, since) / _YEAR,
}
_PARTS: dict[str, Callable[[pd.Series, Floats], Floats]] = {
    "year": _field("year"),
    "month": _field("month"),
    "day": _field("day"),
    "weekday": _field("day_of_week"),
    "hour": _hour,
    **{
        f"{name} {wave.__name__}": _circle(turn, wave)
        for name, turn in _TURNS.items()
        for wave in (np.sin, np.cos)
    },
}
"""What a date is taken apart into, each a function of local times and of days since 1970."""
