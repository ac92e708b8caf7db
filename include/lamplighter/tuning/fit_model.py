"""Search and ensemble in one call and one process: from a frame to a fitted model in given time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lamplighter.evaluation.metrics import Task
from lamplighter.spec.features import Features
from lamplighter.spec.search import Ensemble
from lamplighter.training.array_folds import folds_of_rows
from lamplighter.training.ensemble import FittedEnsemble, fit_ensemble
from lamplighter.training.folds import SAMPLED_ROWS, TrainingSet
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord, ranked
from lamplighter.tuning.budget import too_short
from lamplighter.tuning.methods import Method
from lamplighter.tuning.search import TPE, run_search

_FIT_SECONDS = 6e-6
"""What a booster's fit takes for a row, early stopping included, times the roots of the numbers of
columns and classes: roughly so on four sets of 3,490 to 72,683 rows."""

_FITS_WORTH_A_SEARCH = 12
_FOLDS_IN_TIME = 3
_MOST_FOLDS = ((1_000, 8), (5_000, 5), (30_000, 3))


def fit_model(
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    task: Task,
    budget_s: float | None = None,
    trials: int | None = None,
    times: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    features: Features | None = None,
    algorithms: Mapping[str, Algorithm] | None = None,
    method: Method = TPE,
    ensemble: Ensemble | None = None,
    store: MemoryTrials | None = None,
    earlier: Sequence[Sequence[TrialRecord]] = (),
    seed: int = 0,
    threads: int = 1,
    clock: Callable[[], float] = time.monotonic,
    progress: Callable[[str], None] = lambda sentence: None,
) -> FittedEnsemble:
    """Search, combine and fit on all rows, within a budget.

    What a night does in two steps, for use without a spec and without stores.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_features)
        Raw features.
    y : array_like, shape (n_rows,)
        Classes of any kind, or numbers.
    task : {"binary", "multiclass", "regression"}
    budget_s : float, optional
        Seconds for everything.
    trials : int, optional
        Number of trials; at least one of the two is needed.
    times : array_like, shape (n_rows,), optional
        When each row was. The search is then judged by the newest rows.
    groups : array_like, shape (n_rows,), optional
        Rows of one group are never on both sides of a fold.
    algorithms : mapping of str to Algorithm, optional
        All of the catalogue unless given.
    store : MemoryTrials, optional
        Where the trials are kept, for a caller who wants to see them. Its limit counts, not
        `trials`.
    earlier : sequence of sequences of TrialRecord
        The trials of earlier searches to begin from, the newest search first.

    Returns
    -------
    FittedEnsemble
        Its `predictor` predicts from raw features.

    Raises
    ------
    ValueError
        Without any budget.
    TrainingError
        If nothing can be learnt from the rows.
    """
    if budget_s is None and trials is None:
        raise ValueError("got no budget; give budget_s, or trials, or both")
    begun = clock()
    chosen = dict(ALGORITHMS if algorithms is None else algorithms)
    data = TrainingSet(
        X=X.reset_index(drop=True),
        y=np.asarray(y),
        folds=folds_of_rows(
            len(X),
            y,
            task=task,
            folds=_folds(X, y, task=task, budget_s=budget_s, in_time_order=times is not None),
            times=times,
            groups=groups,
            seed=seed,
        ),
        task=task,
        features=features or Features(),
    )
    store = MemoryTrials(trials) if store is None else store
    rows = len(X)

    def reserve(ended: Sequence[TrialRecord]) -> float:
        return _seconds_for_the_end(ended, data, rows=rows, budget_s=budget_s or 0.0)

    run_search(
        data,
        store,
        algorithms=chosen,
        worker=0,
        budget_s=budget_s,
        seed=seed,
        threads=threads,
        clock=clock,
        progress=lambda found: progress(str(found)),
        method=method,
        earlier=earlier,
        reserve_s=reserve,
    )
    shortage = too_short(store.trials(), budget_s=budget_s, limit=store.limit)
    if shortage:
        progress(shortage)
    return fit_ensemble(
        data,
        store.trials(),
        predictions=store.predictions,
        settings=ensemble,
        algorithms=chosen,
        seed=seed,
        threads=threads,
        deadline=None if budget_s is None else lambda: budget_s - (clock() - begun),
        progress=progress,
    )


@dataclass
class MemoryTrials:
    """A trial store of one worker, in memory."""

    limit: int | None = None
    stored: list[TrialRecord] = field(default_factory=list)
    predicted: dict[int, tuple[Floats, ...]] = field(default_factory=dict)

    def trials(self) -> list[TrialRecord]:
        """Return every trial that has ended."""
        return list(self.stored)

    def claim(self, worker: int) -> int | None:
        """Return the next trial; None once the limit is reached."""
        index = len(self.stored)
        return None if self.limit is not None and index >= self.limit else index

    def claims_of(self, index: int) -> int:
        """Return how often a trial was given out: once, as nothing here outlives its process."""
        return 1

    def add(self, trial: TrialRecord, predictions: Sequence[Floats] | None = None) -> None:
        """Store a trial that has ended."""
        self.stored.append(trial)
        if predictions is not None:
            self.predicted[trial.index] = tuple(p.astype(np.float32) for p in predictions)

    def predictions(self, index: int) -> tuple[Floats, ...] | None:
        """Return what a trial predicted for each scored fold; None if it did not end."""
        found = self.predicted.get(index)
        return None if found is None else tuple(p.astype(np.float64) for p in found)


def _folds(
    X: pd.DataFrame, y: ArrayLike, *, task: Task, budget_s: float | None, in_time_order: bool
) -> int:
    """Return how many folds the data deserve and the budget allows.

    Where there is time, one fold is one stretch of it, and the next one will be another: several
    are worth their cost on much data, too.
    """
    fewest = _FOLDS_IN_TIME if in_time_order else 1
    most = next((folds for rows, folds in _MOST_FOLDS if len(X) < rows), fewest)
    if budget_s is None:
        return most
    classes = len(np.unique(np.asarray(y))) if task == "multiclass" else 1
    fit_s = _FIT_SECONDS * min(len(X), SAMPLED_ROWS) * np.sqrt(X.shape[1] * classes)
    return int(np.clip(budget_s / (_FITS_WORTH_A_SEARCH * fit_s), 1, most))


def _seconds_for_the_end(
    trials: Sequence[TrialRecord], data: TrainingSet, *, rows: int, budget_s: float
) -> float:
    """Expect what fitting the best of each algorithm on all rows takes, within reason."""
    fitted = sum(min(len(train), SAMPLED_ROWS) for train, _ in data.folds)
    best: dict[str, TrialRecord] = {}
    for _, trial in ranked(trials):
        best.setdefault(trial.algorithm, trial)
    leading = list(best.values())[:3]
    expected = sum(trial.seconds for trial in leading) * rows / max(1, fitted)
    least = 0.06 * budget_s + min(1.5, 0.1 * budget_s)
    return float(np.clip(1.3 * expected, least, 0.4 * budget_s))
