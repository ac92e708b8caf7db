"""Aggregates over what happened in a window and was known by then, for many times at once.

A version of a row lies in the window of a prediction made at *p* when it stands at *p* and its
event time lies in ``[p - since, p - until]``. Solved for *p* that is one interval,

    ``max(known, event + until) <= p < min(superseded, event + since + 1)``

(times in whole microseconds). So an aggregate at *p* is what began by *p* minus what ended by *p*:
two look-ups in prefix sums per group, O((n + m) log n) for n versions and m predictions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.asof_versions import FOREVER, Ints, Versions

Floats = npt.NDArray[np.float64]

_EXACT = 2.0**53  # up to here, sums of whole numbers have no rounding


@dataclass(frozen=True)
class Window:
    """A window in microseconds before a time, both ends included; without `since`, from ever."""

    since: int | None
    until: int

    def begin(self, versions: Versions) -> Ints:
        """Return from when on each version lies in it."""
        return np.maximum(versions.known, versions.event + self.until)

    def end(self, versions: Versions) -> Ints:
        """Return from when on each version no longer lies in it."""
        if self.since is None:
            return versions.superseded
        return np.minimum(versions.superseded, versions.event + self.since + 1)


def window_totals(
    versions: Versions,
    groups: Ints,
    values: Floats,
    window: Window,
    *,
    wanted_groups: Ints,
    times: Ints,
) -> tuple[Floats, Ints]:
    """Sum and count the values in the window before each time.

    The answer for a time is the same, bit for bit, whatever became known after it: sums run in
    the order of time within a group. They are exact for whole numbers, else correct to rounding.

    Parameters
    ----------
    groups : array of int, shape (n_versions,)
        Group of each version, -1 for none.
    values : array of float, shape (n_versions,)
        What to add up. NaN counts as absent.
    wanted_groups, times : array of int, shape (n_times,)
        The group and the time, in microseconds, of each answer.
    window : Window
        The window before each time.

    Returns
    -------
    sums : array of float, shape (n_times,)
    counts : array of int, shape (n_times,)
    """
    begin, end = window.begin(versions), window.end(versions)
    counted = ~versions.deleted & (groups >= 0) & ~np.isnan(values) & (begin < end)
    if len(times) and _sums_exactly(values):
        # Whatever else is added up and taken off again: what is in no window may be left out.
        counted &= (end > times.min()) & (begin <= times.max())
    begun = _totals_until(groups[counted], begin[counted], values[counted], wanted_groups, times)
    ending = counted & (end < FOREVER)
    ended = _totals_until(groups[ending], end[ending], values[ending], wanted_groups, times)
    return begun.sums - ended.sums, begun.counts - ended.counts


def _sums_exactly(values: Floats) -> bool:
    """Say whether all are whole numbers, so that sums of them have no rounding."""
    known = values[~np.isnan(values)]
    return bool((known == np.floor(known)).all()) and np.abs(known).sum() < _EXACT


@dataclass(frozen=True)
class _Totals:
    sums: Floats
    counts: Ints


def _totals_until(
    groups: Ints, moments: Ints, values: Floats, wanted_groups: Ints, times: Ints
) -> _Totals:
    order = np.lexsort((moments, groups))
    groups, moments, values = groups[order], moments[order], values[order]
    # Per group from zero, so that no other group's rows touch the rounding of this one's sums.
    running = pd.Series(values).groupby(groups).cumsum().to_numpy()
    first = np.searchsorted(groups, wanted_groups, side="left")
    last = _positions(groups, moments, wanted_groups, times)
    counts = last - first
    filled = counts > 0
    sums = np.zeros(len(times))
    sums[filled] = running[last[filled] - 1]
    return _Totals(sums=sums, counts=counts)


def _positions(groups: Ints, moments: Ints, wanted_groups: Ints, times: Ints) -> Ints:
    """Return how many of the sorted (group, moment) pairs are at most (wanted group, time)."""
    distinct, ranks = np.unique(moments, return_inverse=True)
    stride = len(distinct) + 1
    wanted = wanted_groups * stride + np.searchsorted(distinct, times, side="right")
    return np.searchsorted(groups * stride + ranks + 1, wanted, side="right").astype(np.int64)
