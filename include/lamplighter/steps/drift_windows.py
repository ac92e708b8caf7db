"""The windows that drift is measured between: whole local days of examples, with their features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

import numpy as np
import pandas as pd

from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.data.lake import Lake
from lamplighter.data.splits import start_of_day
from lamplighter.features.build import build_features
from lamplighter.monitoring.document import Compared, Extent
from lamplighter.monitoring.drift import compare
from lamplighter.monitoring.profile import Profile
from lamplighter.monitoring.usual import Usual
from lamplighter.spec import ModelSpec

EARLIER_WINDOWS = 5
"""Windows before the current one: the newest of them is its reference, all say what is usual."""


@dataclass(frozen=True)
class DriftWindow:
    """Features of examples, and the local day of each; None without time."""

    features: pd.DataFrame
    days: Sequence[str] | None

    @classmethod
    def none(cls) -> Self:
        """Return a window without rows."""
        return cls(pd.DataFrame(), None)

    def __len__(self) -> int:
        return len(self.features)

    @property
    def extent(self) -> Extent:
        """The days that rows are from."""
        if self.days is None or not len(self.features):
            return Extent(None, None, len(self.features))
        return Extent(min(self.days), max(self.days), len(self.features))

    def only(self, first: date, last: date) -> DriftWindow:
        """Return the rows of some days, both included."""
        if self.days is None:
            return self
        days = np.asarray(self.days, dtype=object)
        kept = (days >= first.isoformat()) & (days <= last.isoformat())
        return DriftWindow(self.features[kept], days[kept].tolist())


def newest_days(spec: ModelSpec, as_of: datetime, *, days: int) -> tuple[date, date]:
    """Return the first and the last of the newest whole local days that ended by `as_of`."""
    last = as_of.astimezone(spec.zone).date() - timedelta(days=1)
    return last - timedelta(days=days - 1), last


def window_of_days(
    spec: ModelSpec, lake: Lake, *, first: date, last: date, as_of: datetime
) -> DriftWindow:
    """Build the features of the examples that were predicted on some days, both included.

    Rows that became known after `as_of` are left out.
    """
    examples = interval_examples(
        spec,
        lake,
        start=start_of_day(spec, first),
        end=start_of_day(spec, last + timedelta(days=1)),
        known_by=as_of,
    )
    if examples.empty:
        return DriftWindow.none()
    features = build_features(spec, examples, feature_view(spec, lake, as_of=as_of))
    return DriftWindow(features, examples["block"].astype(object).tolist())


def window_of_new_rows(
    spec: ModelSpec, lake: Lake, *, since: datetime, as_of: datetime
) -> DriftWindow:
    """Without time: build the features of the examples that became known after `since`."""
    name = spec.data.examples_table
    table = spec.data.tables[name]
    history = lake.history(spec.model, name, table, known_by=as_of)
    key = list(table.key)
    new = history.loc[history["_known_at"] > pd.Timestamp(since), key].drop_duplicates()
    examples = interval_examples(spec, lake, start=since, end=as_of)
    examples = examples.merge(new, on=key, how="inner")
    if examples.empty:
        return DriftWindow.none()
    features = build_features(spec, examples, feature_view(spec, lake, as_of=as_of))
    return DriftWindow(features, None)


def against_reference(
    spec: ModelSpec, window: DriftWindow, reference: Profile, *, what: str, given: bool = False
) -> Compared:
    """Compare a window with a reference of many days, or of rows without time."""
    usual = None
    if window.days is not None:
        days = len(set(window.days)) or spec.monitor.drift.window_days
        usual = Usual.against_the_rest(reference, days=days)
    found = compare(
        reference,
        reference.count(window.features, window.days),
        rule=spec.monitor.drift,
        usual=usual,
    )
    timed = window.days is not None
    extent = Extent(
        reference.days[0] if timed else None, reference.days[-1] if timed else None, reference.rows
    )
    return Compared("given" if given else "training", what, extent, found)


def against_window_before(
    spec: ModelSpec, window: DriftWindow, history: DriftWindow, *, days: int
) -> Compared | None:
    """Compare a window with the one before it; None where there is none.

    Parameters
    ----------
    history : DriftWindow
        The rows of `EARLIER_WINDOWS` windows before, as far as there are any.
    """
    if not len(history):
        return None
    earlier = Profile.learn(history.features, history.days)
    before = earlier.newest(days)
    found = compare(
        before,
        earlier.count(window.features, window.days),
        rule=spec.monitor.drift,
        usual=Usual.against_the_one_before(earlier, days=days),
    )
    extent = Extent(before.days[0], before.days[-1], before.rows)
    return Compared("window_before", "the window before", extent, found)
