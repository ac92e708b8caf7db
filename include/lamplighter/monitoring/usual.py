"""What is usual: the same comparison made within the reference, by whole days.

Rows of one day are alike, and days resemble the days before. So the chance of a difference is not
that of independent rows. It is read off the reference itself: as many days in a row as the current
window has are compared with the rest, or with as many days before them, wherever they may lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lamplighter.monitoring.profile import ColumnProfile, Profile
from lamplighter.monitoring.sides import Side, Sides

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FEWEST_BLOCKS = 3.0
"""Windows that do not overlap, below which nothing can be said about what is usual."""

_SHARE_OF_REFERENCE = 8


@dataclass(frozen=True)
class Usual:
    """Pairs of windows of ordinary days, for each column.

    Attributes
    ----------
    pairs : mapping of str to Sides, along the first axis
        What plays the reference, and what plays the current window.
    blocks : float
        How many of the windows do not overlap.
    days : int
        How long a window is.
    scale : float
        By how much a statistic of these windows is too large, where they are shorter than the
        current one.
    """

    pairs: Mapping[str, Sides]
    blocks: float
    days: int
    scale: float = 1.0

    @classmethod
    def against_the_rest(cls, reference: Profile, *, days: int) -> Self:
        """Compare each window of the reference with all its other days.

        Where the reference is short, windows are an eighth of it. Shorter ones differ more: if days
        were independent, a squared difference would shrink in proportion to their number. As days
        resemble the days before, it is taken to shrink by the root of that.
        """
        total = len(reference.days)
        length = max(1, min(days, total // _SHARE_OF_REFERENCE))
        pairs = {}
        for name, column in reference.columns.items():
            windows = _windows(column, length)
            rest = Side(
                column.counts.sum(axis=0) - windows.counts, column.sums.sum() - windows.sums
            )
            pairs[name] = Sides(reference=rest, current=windows)
        asked, made = 1 / days + 1 / total, 1 / length + 1 / max(total - length, 1)
        scale = min(1.0, float(np.sqrt(asked / made)))
        return cls(pairs=pairs, blocks=total / length, days=length, scale=scale)

    @classmethod
    def against_the_one_before(cls, history: Profile, *, days: int) -> Self:
        """Compare each window with the one that ends where it begins."""
        pairs = {}
        for name, column in history.columns.items():
            windows = _windows(column, days)
            pairs[name] = Sides(
                reference=Side(windows.counts[:-days], windows.sums[:-days]),
                current=Side(windows.counts[days:], windows.sums[days:]),
            )
        return cls(pairs=pairs, blocks=max(0.0, len(history.days) / days - 1), days=days)


@dataclass(frozen=True)
class Null:
    r"""How a statistic is distributed while nothing has changed: a multiple of a chi-square.

    With the mean :math:`\mu` of the statistic over windows of ordinary days and the degrees of
    freedom :math:`\nu` that match its variance [1]_, :math:`T / \mu` of a new window is
    approximately distributed as :math:`F(\nu, \nu (k - 1))`, where *k* counts the windows that do
    not overlap: so an estimate from few windows is trusted less.

    References
    ----------
    .. [1] F. E. Satterthwaite, "An approximate distribution of estimates of variance components",
       Biometrics Bulletin 2, 1946.
    """

    mean: float
    freedom: float
    blocks: float

    @classmethod
    def of(cls, statistics: Floats, *, blocks: float, most_freedom: float, least: float) -> Self:
        """Match the statistics of windows.

        Parameters
        ----------
        statistics : ndarray of float, shape (n_pairs,)
        blocks : float
            Windows that do not overlap, above 1.
        most_freedom : float
            Degrees of freedom that the statistic has for independent rows.
        least : float
            Its mean for independent rows: days cannot be more alike than chance.
        """
        mean, variance = float(statistics.mean()), float(statistics.var())
        matched = 2 * mean**2 / variance if variance > 0 else most_freedom
        # From few windows the variance is mostly underestimated, so the freedom is held down.
        freedom = float(np.clip(matched / (1 + 2 / np.sqrt(blocks)), 1.0, most_freedom))
        return cls(mean=max(mean, least), freedom=freedom, blocks=blocks)

    def p_value(self, statistic: float) -> float:
        """Return the probability of at least this much on an ordinary window."""
        if statistic <= 0:
            return 1.0
        if self.mean == 0:
            return 0.0
        if np.isinf(self.blocks):
            return float(stats.chi2.sf(self.freedom * statistic / self.mean, self.freedom))
        spread = self.freedom * (self.blocks - 1)
        return float(stats.f.sf(statistic / self.mean, self.freedom, spread))

    def quantile(self, level: float) -> float:
        """Return what an ordinary window stays below with this probability."""
        if np.isinf(self.blocks):
            return float(self.mean * stats.chi2.ppf(level, self.freedom) / self.freedom)
        spread = self.freedom * (self.blocks - 1)
        return float(self.mean * stats.f.ppf(level, self.freedom, spread))


def _windows(column: ColumnProfile, length: int) -> Side:
    """Return every window of consecutive days."""
    counts = np.vstack([np.zeros_like(column.counts[:1]), column.counts]).cumsum(axis=0)
    sums = np.concatenate([[0.0], column.sums]).cumsum()
    return Side(counts[length:] - counts[:-length], sums[length:] - sums[:-length])
