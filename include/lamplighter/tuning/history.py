"""What a search method may learn from the trials so far: points of its spaces, and their losses."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamplighter.training.space import Space, active, lies_in
from lamplighter.training.trial import TrialRecord

_ENOUGH = 8
_MOST = 100


@dataclass(frozen=True)
class Past:
    """A trial as a method sees it.

    Attributes
    ----------
    params : dict
        A point of the algorithm's space, and nothing beside it.
    loss : float
        Finite. Of a failed trial the worst that was seen; of a pruned one what its folds promise.
    """

    index: int
    algorithm: str
    params: dict[str, Any]
    loss: float
    fidelity: float = 1.0


def past_points(trials: Iterable[TrialRecord], spaces: Mapping[str, Space]) -> list[Past]:
    """Return the past points of some spaces, in the order of their indices.

    Trials of other algorithms, or of points that the space no longer holds, are left out. What
    early stopping found (`rounds`) is no part of a point.
    """
    points = [
        (trial, point)
        for trial in sorted(trials, key=lambda trial: trial.index)
        if trial.algorithm in spaces
        and (point := point_of(trial, spaces[trial.algorithm])) is not None
    ]
    losses = _losses([trial for trial, _ in points])
    return [
        Past(trial.index, trial.algorithm, point, loss, trial.fidelity)
        for (trial, point), loss in zip(points, losses, strict=True)
    ]


def point_of(trial: TrialRecord, space: Space) -> dict[str, Any] | None:
    """Return the point of a space that a trial was about; None if the space does not hold it."""
    point = {
        name: trial.params[name] for name, _ in active(space, trial.params) if name in trial.params
    }
    return point if lies_in(space, point) else None


def comparable(points: Sequence[Past]) -> list[Past]:
    """Return the points that were tried on the same share of the data.

    As in BOHB [1]_, it is the largest share with enough points; while there is none, the share
    with the most.

    References
    ----------
    .. [1] S. Falkner, A. Klein and F. Hutter, "BOHB: robust and efficient hyperparameter
       optimization at scale", 2018.
    """
    shares: dict[float, list[Past]] = {}
    for point in points:
        shares.setdefault(point.fidelity, []).append(point)
    if not shares:
        return []
    enough = [share for share, found in shares.items() if len(found) >= _ENOUGH]
    return shares[max(enough) if enough else max(shares, key=lambda s: (len(shares[s]), s))]


def worth_keeping(points: Sequence[Past], most: int = _MOST) -> list[Past]:
    """Return the newest and the best points, in their order: so many that asking stays cheap."""
    if len(points) <= most:
        return list(points)
    newest = points[-(most // 2) :]
    older = sorted(points[: -(most // 2)], key=lambda past: (past.loss, past.index))
    kept = {past.index for past in (*newest, *older[: most - len(newest)])}
    return [past for past in points if past.index in kept]


def _losses(trials: Sequence[TrialRecord]) -> list[float]:
    scored = [t for t in trials if t.loss is not None and math.isfinite(t.loss)]
    known = [t.loss for t in scored if t.loss is not None]
    if not known:
        return [0.0] * len(trials)
    ratios: dict[int, float] = {}
    return [
        trial.loss
        if trial.loss is not None and math.isfinite(trial.loss)
        else _guess(trial, scored, best=min(known), worst=max(known), ratios=ratios)
        for trial in trials
    ]


def _guess(
    trial: TrialRecord,
    scored: Sequence[TrialRecord],
    *,
    best: float,
    worst: float,
    ratios: dict[int, float],
) -> float:
    """Guess the loss of a trial without one: from its first folds, as far as others' tell."""
    seen = len(trial.folds)
    if trial.status != "pruned" or not seen:
        return worst
    if seen not in ratios:
        alike = [
            t.loss / first
            for t in scored
            if t.loss is not None and len(t.folds) >= seen and (first := _mean(t, seen)) > 0
        ]
        ratios[seen] = statistics.median(alike) if alike else 1.0
    guess = _mean(trial, seen) * ratios[seen]
    return max(guess, best) if math.isfinite(guess) else worst


def _mean(trial: TrialRecord, folds: int) -> float:
    return statistics.fmean(trial.folds[:folds])
