"""What cells say together: ranks, paired intervals, ratios. Pure arithmetic on finished cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from benchmarks.tuning.row_losses import unpack
from numpy.typing import NDArray

Cells = Mapping[str, Mapping[str, Any]]
"""The cells of one split and budget, by system."""

_RESAMPLES = 2_000
_SEED = 20041104

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % interval."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Duel:
    """Lamplighter against the best of some others on one split.

    Attributes
    ----------
    rival : str
        The one of the others with the smallest held-out loss: chosen after the fact.
    ratio : float
        Own loss by the rival's; above 1 is worse.
    difference : Interval
        Own loss minus the rival's, by bootstrap over the held-out rows that both cells keep.
    """

    rival: str
    ratio: float
    difference: Interval

    @property
    def is_worse(self) -> bool:
        """Whether the own loss is greater beyond the interval."""
        return self.difference.lower > 0


def ranks(losses: Mapping[str, float | None]) -> dict[str, float]:
    """Return each system's rank, 1 is best; equal losses share a rank, failures share the last.

    Examples
    --------
    >>> ranks({"a": 0.3, "b": 0.1, "c": 0.3, "d": None})
    {'a': 2.5, 'b': 1.0, 'c': 2.5, 'd': 4.0}
    """
    values = {name: np.inf if loss is None else loss for name, loss in losses.items()}
    found = {}
    for name, loss in values.items():
        below = sum(other < loss for other in values.values())
        equal = sum(other == loss for other in values.values())
        found[name] = below + (equal + 1) / 2
    return found


def mean_ranks(by_set: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Interval]:
    """Return each system's mean rank over sets, with an interval by bootstrap over the sets.

    Parameters
    ----------
    by_set : mapping of str to sequence
        Of each set, the ranks on each of its splits. A set counts once, however many splits it has.
    """
    if not by_set:
        return {}
    systems = list(next(iter(by_set.values()))[0])
    of_sets = np.array(
        [[np.mean([split[s] for split in splits]) for s in systems] for splits in by_set.values()]
    )
    draws = np.random.default_rng(_SEED).integers(len(of_sets), size=(_RESAMPLES, len(of_sets)))
    lower, upper = np.percentile(of_sets[draws].mean(axis=1), [2.5, 97.5], axis=0)
    return {
        system: Interval(float(of_sets[:, i].mean()), float(lower[i]), float(upper[i]))
        for i, system in enumerate(systems)
    }


def duel(own: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> Duel | None:
    """Compare a cell with the best of others on the same split; None where one side is missing."""
    finished = [cell for cell in others if cell["error"] is None]
    if own["error"] is not None or not finished:
        return None
    rival = min(finished, key=lambda cell: float(cell["loss"]))
    difference = paired_difference(
        unpack(own["row_losses"]), unpack(rival["row_losses"]), metric=own["metric"]
    )
    ratio = own["loss"] / rival["loss"] if rival["loss"] else np.inf
    return Duel(rival["system"], float(ratio), difference)


def paired_difference(a: Floats, b: Floats, *, metric: str) -> Interval:
    """Return how much greater the loss of `a` is than that of `b`, on the same rows.

    Parameters
    ----------
    a, b : ndarray, shape (n_rows,)
        Losses of rows: nats, or squared errors.
    metric : {"log_loss", "rmse"}
        The mean of the rows' losses is compared, or its root.
    """
    if a.shape != b.shape:
        raise ValueError(f"found losses of {len(a)} and {len(b)} rows, expected the same rows")

    def loss(values: Floats) -> Floats:
        mean = values.mean(axis=-1)
        return np.asarray(mean if metric == "log_loss" else np.sqrt(mean))

    generator = np.random.default_rng(_SEED)
    differences = np.empty(_RESAMPLES)
    for i in range(_RESAMPLES):
        rows = generator.integers(len(a), size=len(a))
        differences[i] = loss(a[rows]) - loss(b[rows])
    lower, upper = np.percentile(differences, [2.5, 97.5])
    return Interval(float(loss(a) - loss(b)), float(lower), float(upper))


def median_ratio(duels: Sequence[Duel]) -> float:
    """Return the median of the ratios: over seeds, one number for a set."""
    return median(each.ratio for each in duels)
