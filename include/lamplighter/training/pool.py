"""Who may be in an ensemble: the trials of a search, with what they predicted out of fold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamplighter.errors import TrainingError
from lamplighter.training.folds import Folds
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord, ranked, why_nothing_succeeded

MOST_ENTRANTS = 50
MOST_OF_ONE_ALGORITHM = 12

JUDGED_ROWS = 10_000
"""Out-of-fold rows that are enough to choose a handful of weights and to judge them."""

_FEWEST_WHOLE = 3
"""Where fewer trials were given all rows and rounds, those of the rungs below take part, too."""

_MOST_NUMBERS = 4e7
"""Probabilities held in memory at once: 50 entrants of 200 classes are read on fewer rows."""

Predictions = Callable[[int], tuple[Floats, ...] | None]


@dataclass(frozen=True)
class Pool:
    """The entrants, the best first, and their predictions for the same rows.

    Attributes
    ----------
    trials : dict of str to TrialRecord
        Every trial that may be fitted, by name: the algorithm, and its place among its own.
    rows : ndarray of int, shape (n_rows,)
        Positions in the training set, oldest first where there is time.
    predictions : dict of str to ndarray
        Of those whose predictions are stored.
    places : tuple of ndarray of int
        Which rows of each scored fold those are.
    """

    trials: Mapping[str, TrialRecord]
    rows: NDArray[np.intp]
    predictions: Mapping[str, Floats]
    places: tuple[NDArray[np.intp], ...]

    def thin(self, parts: Sequence[Floats]) -> Floats:
        """Return predictions for whole folds on the rows of the pool."""
        return np.concatenate([p[kept] for p, kept in zip(parts, self.places, strict=True)])


def open_pool(
    folds: Folds,
    trials: Iterable[TrialRecord],
    *,
    predictions: Predictions,
    progress: Callable[[str], None],
    most_rows: int = JUDGED_ROWS,
) -> Pool:
    """Take the best trials of a search and read what they predicted.

    A trial without stored predictions can still be fitted, alone. One that predicted NaN is told
    and left out.

    Parameters
    ----------
    most_rows : int
        On more out-of-fold rows than these, evenly spread ones are taken.

    Raises
    ------
    TrainingError
        If no trial succeeded.
    """
    entrants = _entrants(list(trials))
    parts = [folds.positions(number)[1] for number in folds.scored]
    found: dict[str, tuple[Floats, ...]] = {}
    for name, trial in list(entrants.items()):
        stored = predictions(trial.index)
        if stored is None or [len(p) for p in stored] != [len(part) for part in parts]:
            continue
        broken = sum(int((~np.isfinite(p)).reshape(len(p), -1).any(axis=1).sum()) for p in stored)
        if broken:
            rows = sum(map(len, parts))
            progress(
                f"{name} takes no part: it predicted NaN or infinity for {broken} of {rows} rows"
            )
            del entrants[name]
            continue
        found[name] = stored
    if not entrants:
        raise TrainingError("every trial predicted NaN or infinity; look at the features")
    columns = max(1, len(folds.target))
    most_rows = min(most_rows, math.floor(_MOST_NUMBERS / (columns * len(entrants))))
    kept = _thinned(parts, most_rows)
    pool = Pool(
        trials=entrants,
        rows=np.concatenate([part[places] for part, places in zip(parts, kept, strict=True)]),
        predictions={},
        places=tuple(kept),
    )
    return replace(pool, predictions={name: pool.thin(stored) for name, stored in found.items()})


def _entrants(trials: Sequence[TrialRecord]) -> dict[str, TrialRecord]:
    """Return the best trials by name, best first; those of a part of the rows only if need be.

    What a trial on a part of the rows predicted out of fold is honest, and rather too bad.
    """
    taken: dict[str, TrialRecord] = {}
    count: dict[str, int] = {}
    for _, trial in ranked(_complete_enough(trials)):
        place = count.get(trial.algorithm, 0) + 1
        if place <= MOST_OF_ONE_ALGORITHM and len(taken) < MOST_ENTRANTS:
            count[trial.algorithm] = place
            taken[trial.algorithm if place == 1 else f"{trial.algorithm}_{place}"] = trial
    if not taken:
        raise TrainingError(why_nothing_succeeded(list(trials)))
    return taken


def _complete_enough(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """Return the trials of the highest fidelities that a few have at least; each point once."""
    with_loss = [trial for trial in trials if trial.loss is not None]
    taken: list[TrialRecord] = []
    for fidelity in sorted({trial.fidelity for trial in with_loss}, reverse=True):
        if len(taken) >= _FEWEST_WHOLE:
            break
        points = [_point(trial) for trial in taken]
        level = [trial for trial in with_loss if trial.fidelity == fidelity]
        taken += [trial for trial in level if _point(trial) not in points]
    return taken


def _point(trial: TrialRecord) -> tuple[str, dict[str, Any]]:
    """Return what a trial tried, without the rounds that it found."""
    return trial.algorithm, {k: v for k, v in trial.params.items() if k != "rounds"}


def _thinned(parts: Sequence[NDArray[np.intp]], most_rows: int) -> list[NDArray[np.intp]]:
    """Return places in each part, evenly spread, so that all together are not too many."""
    share = min(1.0, most_rows / sum(map(len, parts)))
    return [
        np.unique(np.linspace(0, len(part) - 1, max(1, round(share * len(part)))).astype(np.intp))
        for part in parts
    ]
