"""The search: workers pull trials from one store until the budget is used up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from lamplighter.errors import TrainingError
from lamplighter.training.folds import Fold, Folds, TrainingSet, finite_prediction, task_loss
from lamplighter.training.members.algorithm import Fit
from lamplighter.training.members.catalogue import fit_member
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord, ranked, why_nothing_succeeded
from lamplighter.tuning.suggest import suggest

__all__ = ["Progress", "TrialRecord", "TrialStore", "run_search"]

log = logging.getLogger(__name__)

_PATIENCE = 60
_HOPELESS = 12


class TrialStore(Protocol):
    """Where the trials of one search are kept, for all its workers."""

    def trials(self) -> list[TrialRecord]:
        """Return every trial that has ended."""
        ...

    def claim(self, worker: int) -> int | None:
        """Return the worker's next trial, its own unfinished one first; None: no more trials."""
        ...

    def add(self, trial: TrialRecord, predictions: Sequence[Floats] | None = None) -> None:
        """Store a trial that has ended, with what it predicted for each scored fold."""
        ...

    def predictions(self, index: int) -> tuple[Floats, ...] | None:
        """Return what a trial predicted for each scored fold; None if that was not kept."""
        ...


@dataclass(frozen=True)
class Progress:
    """How far a search has come. `str` makes it a sentence."""

    trials: int
    failed: int
    best_loss: float | None
    best_algorithm: str | None
    seconds_left: float | None

    def __str__(self) -> str:
        parts = [f"{self.trials} trials" if self.trials != 1 else "1 trial"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.best_loss is not None:
            parts.append(f"best loss {self.best_loss:.4f} ({self.best_algorithm})")
        if self.seconds_left is not None:
            parts.append(f"{max(0.0, self.seconds_left):.0f} s left")
        return ", ".join(parts)


def run_search(
    data: TrainingSet,
    store: TrialStore,
    *,
    algorithms: Sequence[str],
    worker: int,
    budget_s: float | None,
    seed: int,
    threads: int,
    clock: Callable[[], float],
    progress: Callable[[Progress], None],
) -> None:
    """Pull trials from a store, fit them, and put back what came of them.

    First the known good defaults of every algorithm, then what the estimator suggests from all
    stored trials. A trial is a pure function of the seed, its index and the trials stored before
    it, so a killed search of one worker with a budget in trials ends as if it had run undisturbed.

    Parameters
    ----------
    data : TrainingSet
        Rows, targets and folds.
    store : TrialStore
        Where trials are claimed and kept. It ends the search when the budget in trials is used up.
    algorithms : sequence of str
        Names of the catalogue.
    worker : int
        Who claims. What this worker's earlier, killed tries spent counts against its budget.
    budget_s : float or None
        Seconds for this worker. The last trial is one that can be expected to end in time; if the
        time is too short for any, the first one is fitted all the same.
    seed : int
        The search's seed.
    threads : int
        Most threads to use.
    clock : callable
        A monotonic clock in seconds.
    progress : callable
        Told after every trial.

    Raises
    ------
    TrainingError
        If the target or the folds cannot be learnt from, or every stored trial failed.
    """
    timer = _Timer(clock=clock, begun=clock(), budget_s=budget_s, spent_s=_spent(store, worker))
    folds = Folds.of(data, seed=seed)
    parts = [folds.encode(number) for number in folds.scored]
    bench = _Bench(folds, parts, seed=seed, threads=threads, worker=worker, timer=timer)
    while True:
        trials = store.trials()
        among = [name for name in algorithms if timer.admits(name, trials)]
        if not among or _hopeless(trials) or (budget_s is not None and _exhausted(trials)):
            break
        index = store.claim(worker)
        if index is None:
            break
        name, params = suggest(index, seed=seed, algorithms=algorithms, among=among, trials=trials)
        trial = bench.run(index, name, params)
        store.add(trial)
        progress(_progress([*trials, trial], timer.left()))
    trials = store.trials()
    if trials and not ranked(trials):
        raise TrainingError(why_nothing_succeeded(trials))


@dataclass(frozen=True)
class _Timer:
    clock: Callable[[], float]
    begun: float
    budget_s: float | None
    spent_s: float

    def left(self) -> float | None:
        if self.budget_s is None:
            return None
        return self.budget_s - self.spent_s - (self.clock() - self.begun)

    def admits(self, algorithm: str, trials: Sequence[TrialRecord]) -> bool:
        """Say whether a trial of an algorithm can be expected to end in time."""
        left = self.left()
        if left is None or not ranked(trials):
            return True
        return left > 0 and _expected_seconds(algorithm, trials) <= left


@dataclass(frozen=True)
class _Bench:
    folds: Folds
    parts: Sequence[Fold]
    seed: int
    threads: int
    worker: int
    timer: _Timer

    def run(self, index: int, algorithm: str, params: dict[str, Any]) -> TrialRecord:
        begun = self.timer.clock()
        ended = TrialRecord(
            index, algorithm, params, loss=None, seconds=0.0, status="failed", worker=self.worker
        )
        try:
            loss, found = self._score(index, algorithm, params)
            ended = replace(ended, loss=loss, params=params | found, status="ok")
        except Exception as error:  # a member that breaks is a failed trial, never a lost night
            log.warning("trial %d (%s) failed: %s", index, algorithm, error)
            ended = replace(ended, error=f"{type(error).__name__}: {error}".splitlines()[0])
        return replace(ended, seconds=self.timer.clock() - begun)

    def _score(
        self, index: int, algorithm: str, params: dict[str, Any]
    ) -> tuple[float, dict[str, int]]:
        predictions, rounds = [], []
        left = self.timer.left
        for part in self.parts:
            fit = Fit(
                params=params,
                target=self.folds.target,
                seed=derive_seed(self.seed, "fit", index),
                threads=self.threads,
                validation=part.validation,
                seconds_left=(lambda: left() or 0.0) if left() is not None else None,
            )
            member = fit_member(algorithm, part.train, fit)
            predictions.append(
                finite_prediction(algorithm, member, part.validation, threads=self.threads)
            )
            rounds.append(member.rounds)
        y = np.concatenate([part.validation.y for part in self.parts])
        loss = task_loss(self.folds.target.task, y, np.concatenate(predictions))
        if not np.isfinite(loss):
            raise TrainingError(f"{algorithm} has the loss {loss} on {len(y)} rows")
        known = [r for r in rounds if r is not None]
        return loss, {"rounds": round(float(np.mean(known)))} if known else {}


def _spent(store: TrialStore, worker: int) -> float:
    return sum(trial.seconds for trial in store.trials() if trial.worker == worker)


def _expected_seconds(algorithm: str, trials: Sequence[TrialRecord]) -> float:
    """Expect what four fifths of an algorithm's trials took; before any, the dearest's."""
    by_algorithm: dict[str, list[float]] = {}
    for _, trial in ranked(trials):
        by_algorithm.setdefault(trial.algorithm, []).append(trial.seconds)
    expected = {name: float(np.quantile(s, 0.8)) for name, s in by_algorithm.items()}
    return expected.get(algorithm, max(expected.values()))


def _hopeless(trials: Sequence[TrialRecord]) -> bool:
    return len(trials) >= _HOPELESS and not ranked(trials)


def _exhausted(trials: Sequence[TrialRecord]) -> bool:
    """Say whether the last many trials brought nothing."""
    best = ranked(trials)
    return bool(best) and max(trial.index for trial in trials) - best[0][1].index >= _PATIENCE


def _progress(trials: Sequence[TrialRecord], seconds_left: float | None) -> Progress:
    best = ranked(trials)
    return Progress(
        trials=len(trials),
        failed=len(trials) - len(best),
        best_loss=best[0][0] if best else None,
        best_algorithm=best[0][1].algorithm if best else None,
        seconds_left=seconds_left,
    )
