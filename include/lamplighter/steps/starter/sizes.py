"""How much to hold out, how long to search, and as of when a first night may run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd

FRESH = timedelta(days=7)


@dataclass(frozen=True)
class Span:
    """The days of timed examples, in UTC."""

    first: date
    last: date
    days: int
    quietest: int
    newest: int
    today: date

    @property
    def fresh(self) -> bool:
        """Whether the data goes on to about now, so that a scheduled night finds a new day."""
        return self.today - self.last <= FRESH

    @property
    def as_of(self) -> date:
        """The end of the last whole day, or today if the data goes beyond."""
        whole = self.newest >= self.min_rows
        return min(self.last + timedelta(days=1 if whole else 0), self.today)

    @property
    def holdout_days(self) -> int:
        """About a quarter of a short history, two weeks of a long one."""
        return max(1, min(14, self.days // 4))

    @property
    def min_rows(self) -> int:
        """Half of what the quietest day brought; 0 if a day brought nothing."""
        return 0 if self.quietest == 0 else max(1, self.quietest // 2)


def span_of(times: pd.Series, now: datetime) -> Span:
    """Measure the days of events up to now."""
    today = now.astimezone(UTC).date()
    days = times[times < pd.Timestamp(today, tz="UTC")].dt.floor("D")
    counts = days.value_counts().sort_index()
    if counts.empty:
        counts = times.dt.floor("D").value_counts().sort_index()
    every = counts.reindex(pd.date_range(counts.index[0], counts.index[-1], freq="D"), fill_value=0)
    whole = every.iloc[1:-1] if len(every) > 2 else every
    return Span(
        first=times.min().date(),
        last=counts.index[-1].date(),
        days=len(counts),
        quietest=int(whole.min()),
        newest=int(every.iloc[-1]),
        today=today,
    )


def search_seconds(rows: int, columns: int) -> int:
    """Return a search's budget: seconds for small data, minutes for large.

    Examples
    --------
    >>> [search_seconds(rows, 20) for rows in (500, 15_000, 2_000_000)]
    [20, 60, 600]
    """
    cells = rows * columns
    return next((s for most, s in ((50_000, 20), (5_000_000, 60)) if cells <= most), 600)
