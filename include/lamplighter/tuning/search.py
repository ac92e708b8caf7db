"""The search: workers pull trials from one store until the budget is used up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from lamplighter.errors import TrainingError
from lamplighter.training.folds import Folds, TrainingSet
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.recipe_dimensions import recipe_dimensions
from lamplighter.training.target import Floats
from lamplighter.training.trial import (
    TrialRecord,
    most_complete,
    ranked,
    why_nothing_succeeded,
)
from lamplighter.training.workshop import Resource, Workshop, validation_targets
from lamplighter.tuning.budget import Budget
from lamplighter.tuning.methods import METHODS, Method, Suggestion
from lamplighter.tuning.race import Race
from lamplighter.tuning.schedule import Schedule
from lamplighter.tuning.scoring import Scoring
from lamplighter.tuning.warm_start import inherited_trials

__all__ = ["Progress", "TrialRecord", "TrialStore", "run_search"]

log = logging.getLogger(__name__)

TPE = METHODS["tpe"]

_PATIENCE = 120
_HOPELESS = 12

_MOST_DEATHS = 3
"""Workers that may die over one trial; after that it is failed, whoever claims it."""


class TrialStore(Protocol):
    """Where the trials of one search are kept, for all its workers."""

    def trials(self) -> list[TrialRecord]:
        """Return every trial that has ended."""
        ...

    def claim(self, worker: int) -> int | None:
        """Return the worker's next trial, its own unfinished one first; None: no more trials."""
        ...

    def claims_of(self, index: int) -> int:
        """Return how often a trial was given out; more than once if workers died over it."""
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
    pruned: int = 0
    fidelity: float = 1.0

    def __str__(self) -> str:
        parts = [f"{self.trials} trials" if self.trials != 1 else "1 trial"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.pruned:
            parts.append(f"{self.pruned} given up early")
        if self.best_loss is not None:
            part = f", on {100 * self.fidelity:.0f} % of the budget of a trial"
            by = f"{self.best_algorithm}{part if self.fidelity < 1 else ''}"
            parts.append(f"best loss {self.best_loss:.4f} ({by})")
        if self.seconds_left is not None:
            parts.append(f"{max(0.0, self.seconds_left):.0f} s left")
        return ", ".join(parts)


def run_search(
    data: TrainingSet,
    store: TrialStore,
    *,
    algorithms: Mapping[str, Algorithm],
    worker: int,
    budget_s: float | None,
    seed: int,
    threads: int,
    clock: Callable[[], float],
    progress: Callable[[Progress], None],
    method: Method = TPE,
    resource: Resource = "rows",
    earlier: Sequence[Sequence[TrialRecord]] = (),
    believed: float = 1.0,
    reserve_s: Callable[[Sequence[TrialRecord]], float] = lambda trials: 0.0,
) -> None:
    """Pull trials from a store, fit them, and put back what came of them.

    First the known good points of every algorithm, the cheapest before all, and the best ones of
    an earlier search; then what the method suggests from all stored trials, most often for the
    algorithms that do best. A trial that falls behind on its first folds is given up.

    A trial is a pure function of the seed, its index and the trials stored before it, so a killed
    search of one worker with a budget in trials ends as if it had run undisturbed.

    Parameters
    ----------
    data : TrainingSet
        Rows, targets and folds.
    store : TrialStore
        Where trials are claimed and kept. It ends the search when the budget in trials is used up.
    algorithms : mapping of str to Algorithm
        What is searched, by name.
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
    method : Method
        What suggests points.
    resource : {"rows", "rounds"}
        What a trial of less than full fidelity gets less of.
    earlier : sequence of sequences of TrialRecord
        The trials of earlier searches to begin from, the newest search first.
    believed : float in [0, 1]
        What of the earlier trials is believed; less than 1 after drift.
    reserve_s : callable
        Seconds of the budget to leave unused, as the trials so far let expect.

    Raises
    ------
    TrainingError
        If the target or the folds cannot be learnt from, or every stored trial failed.
    """
    spent = sum(trial.seconds for trial in store.trials() if trial.worker == worker)
    budget = Budget(clock, clock(), budget_s, spent, reserve_s)
    folds = Folds.of(data, seed=seed)
    able = {name: a for name, a in algorithms.items() if data.task in a.tasks}
    if not able:
        raise TrainingError(
            f"none of {', '.join(algorithms)} can do the task {data.task}; choose other "
            "search.algorithms"
        )
    common = recipe_dimensions(data.features, task=data.task, frame=data.X)
    spaces = {name: {**algorithm.space, **common} for name, algorithm in able.items()}
    schedule = Schedule(
        method=method,
        algorithms=able,
        spaces=spaces,
        inherited=inherited_trials(earlier, spaces=spaces, keep_fraction=believed),
        seed=seed,
        by_seconds=budget.counts_seconds,
    )
    workshop = Workshop(folds, able, seed=seed, threads=threads)
    race = Race(data.task, validation_targets(folds), store.predictions)
    bench = _Bench(Scoring(folds, workshop, race, resource), budget=budget, worker=worker)
    costs = {name: algorithm.cost for name, algorithm in able.items()}
    while True:
        trials = store.trials()
        among = [name for name in able if budget.admits(name, trials, costs=costs)]
        if not among or _hopeless(trials) or (budget.counts_seconds and _exhausted(trials)):
            break
        index = store.claim(worker)
        if index is None:
            break
        suggestion = schedule.next(index, among=among, trials=trials)
        if suggestion is None:
            break
        deaths = store.claims_of(index) - 1
        if deaths < _MOST_DEATHS:
            trial, predictions = bench.run(index, suggestion, trials)
        else:
            trial, predictions = bench.give_up(index, suggestion, deaths=deaths), None
        store.add(trial, predictions)
        progress(_progress([*trials, trial], budget.left()))
    trials = store.trials()
    if trials and not ranked(trials):
        raise TrainingError(why_nothing_succeeded(trials))


@dataclass(frozen=True)
class _Bench:
    scoring: Scoring
    budget: Budget
    worker: int

    def run(
        self, index: int, suggestion: Suggestion, trials: Sequence[TrialRecord]
    ) -> tuple[TrialRecord, tuple[Floats, ...] | None]:
        begun = self.budget.clock()
        ended, predictions = self._failed(index, suggestion), None
        try:
            countdown = self.budget.for_one_trial(suggestion.algorithm, trials)
            ended, predictions = self.scoring.score(ended, trials, countdown)
        except Exception as error:  # a member that breaks is a failed trial, never a lost night
            log.warning("trial %d (%s) failed: %s", index, suggestion.algorithm, error)
            ended = replace(ended, error=f"{type(error).__name__}: {error}".splitlines()[0])
        return replace(ended, seconds=self.budget.clock() - begun), predictions

    def give_up(self, index: int, suggestion: Suggestion, *, deaths: int) -> TrialRecord:
        """Return a trial as failed that has killed whoever tried it."""
        why = (
            f"its worker died {deaths} times while it ran, probably for want of memory; give the "
            f"worker more, or leave {suggestion.algorithm} out of search.algorithms"
        )
        log.warning("trial %d (%s) failed: %s", index, suggestion.algorithm, why)
        return replace(self._failed(index, suggestion), error=why)

    def _failed(self, index: int, suggestion: Suggestion) -> TrialRecord:
        return TrialRecord(
            index,
            suggestion.algorithm,
            suggestion.params,
            loss=None,
            seconds=0.0,
            status="failed",
            worker=self.worker,
            fidelity=suggestion.fidelity,
        )


def _hopeless(trials: Sequence[TrialRecord]) -> bool:
    return len(trials) >= _HOPELESS and not ranked(trials)


def _exhausted(trials: Sequence[TrialRecord]) -> bool:
    """Say whether the last many trials brought nothing."""
    best = ranked(trials)
    return bool(best) and max(trial.index for trial in trials) - best[0][1].index >= _PATIENCE


def _progress(trials: Sequence[TrialRecord], seconds_left: float | None) -> Progress:
    best = ranked(most_complete(trials))
    return Progress(
        trials=len(trials),
        failed=sum(trial.status == "failed" for trial in trials),
        best_loss=best[0][0] if best else None,
        best_algorithm=best[0][1].algorithm if best else None,
        seconds_left=seconds_left,
        pruned=sum(trial.status == "pruned" for trial in trials),
        fidelity=best[0][1].fidelity if best else 1.0,
    )
