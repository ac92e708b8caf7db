"""Tonight's ensemble: chosen from everything the search tried, on predictions that it stored.

No member is fitted to choose it. Members are compared on rows that they were not fitted on, and
combinations on rows from which neither they nor their members have learnt.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lamplighter.spec.search import Ensemble
from lamplighter.training.bagging import BAGS, bag_out_of_fold
from lamplighter.training.conclude import conclude
from lamplighter.training.contest import Contest, OutOfFold, alone, judge
from lamplighter.training.final_fit import BAGGED, FinalFit
from lamplighter.training.folds import Folds, Positions, TrainingSet
from lamplighter.training.limits import (
    encoding_ms,
    expected_load,
    heaviest_that_exceeds,
    latency_ms,
    size_mb,
)
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.pool import JUDGED_ROWS, Pool, Predictions, open_pool
from lamplighter.training.predictor import Predictor
from lamplighter.training.room import Load, Room
from lamplighter.training.stability import Stability, selection_stability
from lamplighter.training.target import Floats
from lamplighter.training.threshold import Costs, cost_matrix
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

__all__ = ["FittedEnsemble", "TrainingSet", "fit_ensemble"]

_PLANNED = 0.85
"""Share of the seconds left that the final fits are planned for; estimates err."""

_EXTRA = 0.2
"""Share of the seconds left that `auto` gives to what needs fits of its own to be judged."""

_ROWS_A_SECOND, _ROWS_AT_LEAST = 500, 1_000
"""Out-of-fold rows that are read for each second left, so that choosing leaves time for fitting: 50
entrants on 10,000 rows of ten classes take 2.5 s."""

_SECONDS_PER_CELL_OF_TOWER = 1e-4
"""What judging two levels takes, roughly, for a row and a pair of classes: 9 s of CPU for 1,732
rows of seven, which the final fits then lacked."""

_MEASURED = 12
"""With limits on size and time, so many of the best trials take part: each has to be measured."""

_AUTO = ("voting", "blending", "greedy", "stacking")

_LEVEL = ("voting", "blending", "greedy")
"""Averages, which keep their members' level. A stack learns the level of the rows that judge it: of
flights, that of an unusually punctual week, and the next fortnight was then predicted far too low.
"""


@dataclass(frozen=True)
class FittedEnsemble:
    """The predictor and the contest it won.

    Attributes
    ----------
    chosen : str
        Name of the winner: a member, or a method such as "greedy".
    losses : dict of str to float
        Loss of the best member of each algorithm, of those chosen and of each method on the same
        rows, smaller is better. Where there was no contest: of each in the search.
    weights : dict of str to float
        How much each member counts in the winner.
    judged_rows : ndarray of int, shape (n_judged,)
        Positions of training rows that judged it.
    out_of_fold : ndarray or None
        What it says of these rows without having learnt from them; None: there was no contest.
    trials : dict of str to TrialRecord
        What each member was fitted by; nothing of members that somebody else had fitted.
    selection : Stability or None
        Which features the folds kept, where the heaviest of its members that selects did so.
    """

    predictor: Predictor
    chosen: str
    losses: dict[str, float]
    weights: dict[str, float]
    judged_rows: Positions
    out_of_fold: Floats | None
    trials: Mapping[str, TrialRecord]
    selection: Stability | None = None


def fit_ensemble(
    data: TrainingSet,
    trials: Sequence[TrialRecord],
    *,
    predictions: Predictions,
    seed: int,
    threads: int,
    settings: Ensemble | None = None,
    costs: Costs | None = None,
    algorithms: Mapping[str, Algorithm] = ALGORITHMS,
    deadline: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[str], None] = lambda sentence: None,
) -> FittedEnsemble:
    """Choose whom to combine, and fit them on all rows.

    Parameters
    ----------
    data : TrainingSet
        Rows, targets and folds.
    trials : sequence of TrialRecord
        What the search found.
    predictions : callable
        Returns what a trial, by its index, predicted for the rows of each of `Folds.scored`; None
        if that was not kept: such a trial takes no part, unless there is no other.
    seed : int
        The search's seed; a member's own derives from it and its trial.
    threads : int
        Most threads to use.
    settings : Ensemble, optional
        The spec's section: methods, limits, calibration, quantiles.
    costs : mapping, optional
        The spec's `decision.costs`.
    algorithms : mapping of str to Algorithm
        By the names that trials use.
    deadline : callable, optional
        Returns the seconds left. Members that would take longer are left out; one is always
        fitted, the cheapest if there is time for no other.
    clock : callable
        Measures how long members take to predict, where the spec limits that. Beside `deadline`
        it is all that can make the same fit come to something else.
    progress : callable, optional
        Told in a sentence what happens.

    Raises
    ------
    TrainingError
        If no trial succeeded, or no member can be fitted.
    SpecError
        If the costs name a class that the target does not have.
    """
    folds = Folds.of(data, seed=seed)
    settings, costs = settings or Ensemble(), costs or {}
    if costs:
        cost_matrix(costs, folds.target)  # an unknown class is told before anything is fitted
    workshop = Workshop(folds, algorithms, seed=seed, threads=threads)
    final_fit = FinalFit(workshop, {}, deadline, progress)
    pool = open_pool(
        folds,
        trials,
        predictions=predictions,
        progress=progress,
        most_rows=int(
            np.clip(_ROWS_A_SECOND * final_fit.seconds_left(), _ROWS_AT_LEAST, JUDGED_ROWS)
        ),
    )
    final_fit.trials.update(pool.trials)
    candidates = _Candidates(workshop, pool, final_fit, settings, clock, progress)
    found = candidates.out_of_fold()
    contest = candidates.contest(found)
    final = candidates.fit(contest, found)
    predictor = conclude(
        folds,
        final.names,
        final.combiner,
        final_fit.fitted,
        rows=pool.rows[final.judged],
        prediction=final.prediction,
        settings=settings,
        costs=costs,
    )
    weights = dict(zip(final.names, final.combiner.weights(), strict=True))
    heaviest = sorted(weights, key=lambda name: -weights[name])
    return FittedEnsemble(
        predictor,
        final.winner,
        _losses_to_tell(final, pool),
        weights,
        pool.rows[final.judged],
        _calibrated(predictor, final.prediction),
        {name: final_fit.trials[name] for name in final.names},
        selection_stability(
            workshop,
            {name: final_fit.trials[name] for name in heaviest},
            {name: final_fit.fitted[name].encoder.names for name in heaviest},
            seconds_left=deadline,
        ),
    )


@dataclass(frozen=True)
class _Candidates:
    """Who may be combined, and what that may cost."""

    workshop: Workshop
    pool: Pool
    final_fit: FinalFit
    settings: Ensemble
    clock: Callable[[], float]
    progress: Callable[[str], None]

    def out_of_fold(self) -> OutOfFold:
        """Return the predictions of all who may take part: a bag too, none that costs too much."""
        folds, room = self.workshop.folds, self._room()
        found = OutOfFold(
            task=folds.target.task,
            y=folds.y[self.pool.rows],
            predictions=self.pool.predictions,
            families={name: trial.algorithm for name, trial in self.pool.trials.items()},
            in_time_order=folds.in_time_order,
            room=room,
        )
        found = self._with_bag(found)
        loads = self._loads(list(found.predictions))
        affordable = [name for name, load in loads.items() if not room.lacks(load)]
        for name in [name for name in loads if name not in affordable][:3]:
            self.progress(f"{name} takes no part: it needs {room.lacks(loads[name])}")
        return replace(found.of(affordable), loads=loads)

    def contest(self, found: OutOfFold) -> Contest:
        """Hold the contest; if nobody's predictions are known, the search has decided it."""
        if found.predictions:
            methods = self.settings.methods
            return judge(found, methods=self._auto(found) if methods == "auto" else methods)
        losses = {name: trial.loss for name, trial in self.pool.trials.items()}
        names = [name for name in self._by_cost(list(losses)) if name not in self.final_fit.broken]
        best = next((name for name in names if name in self.final_fit.fitted), names[0])
        return alone(best, {name: loss for name, loss in losses.items() if loss is not None})

    def fit(self, contest: Contest, found: OutOfFold) -> Contest:
        """Fit the winner's members on all rows; if not all can be, hold it again among the rest.

        Where even one alone is beyond the spec's limits, the best trial of another algorithm takes
        its place that keeps them. If none does, it stays, and the gate refuses it.
        """
        fitted = self.final_fit.fitted
        self.final_fit.fit_all(_heaviest_first(contest))
        if not fitted:
            self.final_fit.fit_one_of(self._by_cost(list(self.pool.trials)))
        while True:
            if not set(contest.names) <= set(fitted):
                contest = self.contest(found.of(fitted))
            excess = self._exceeding(contest)
            if excess is None or (len(fitted) == 1 and not self._has_taken_its_place(excess)):
                return contest
            fitted.pop(excess, None)

    def _room(self) -> Room:
        left, settings = self.final_fit.seconds_left(), self.settings
        return Room(
            members=settings.max_members,
            seconds=_PLANNED * left,
            size_mb=settings.max_size_mb or math.inf,
            latency_ms=settings.max_latency_ms_per_1k or math.inf,
        )

    def _limited(self) -> bool:
        settings = self.settings
        return settings.max_size_mb is not None or settings.max_latency_ms_per_1k is not None

    def _loads(self, names: Sequence[str]) -> dict[str, Load]:
        """Return what each would cost; with limits on size and time by small fits of the best."""
        seconds = {name: self.final_fit.seconds(name) for name in names}
        if not self._limited():
            return {name: Load(seconds=seconds[name]) for name in names}
        loads = {}
        for name in names[:_MEASURED]:
            loads[name] = expected_load(
                self.workshop, self.final_fit.trials[name], seconds=seconds[name], clock=self.clock
            )
        return loads

    def _with_bag(self, found: OutOfFold) -> OutOfFold:
        """Let a bag of the best trial take part, if the spec asks for it or seconds allow it."""
        methods, left = self.settings.methods, self.final_fit.seconds_left()
        if not found.predictions:
            return found
        best = self.pool.trials[next(iter(found.predictions))]
        cost = BAGS * best.seconds
        allowed = cost <= _EXTRA * left < math.inf if methods == "auto" else BAGGED in methods
        if not allowed:
            return found
        self.progress(f"{BAGGED}: {BAGS} fits of {best.algorithm} on each fold")
        try:
            parts = bag_out_of_fold(self.workshop, best)
        except Exception as error:  # one broken member is no lost night
            self.progress(f"{BAGGED} takes no part: {error}")
            return found
        self.final_fit.trials[BAGGED] = replace(best, seconds=cost)
        return replace(
            found,
            predictions={**found.predictions, BAGGED: self.pool.thin(parts)},
            families={**found.families, BAGGED: BAGGED},
        )

    def _auto(self, found: OutOfFold) -> tuple[str, ...]:
        if self.workshop.folds.one_stretch:
            return _LEVEL
        left = self.final_fit.seconds_left()
        rows, *classes = next(iter(found.predictions.values())).shape
        cells = rows * float(np.prod(classes)) ** 2
        quick = _SECONDS_PER_CELL_OF_TOWER * cells <= _EXTRA * left < math.inf
        return (*_AUTO, "stacking_twice") if quick else _AUTO

    def _by_cost(self, names: Sequence[str]) -> list[str]:
        """Return those there is time for, the best first, then the rest, the cheapest first."""
        left = self.final_fit.seconds_left()
        seconds = {name: self.final_fit.seconds(name) for name in names}
        timely = [name for name in names if seconds[name] <= left]
        rest = [name for name in names if name not in timely]
        return timely + sorted(rest, key=lambda name: seconds[name])

    def _exceeding(self, contest: Contest) -> str | None:
        """Return whom to leave out, as all together are larger or slower than the spec allows."""
        if not self._limited():
            return None
        room, loads = self._room(), {}
        encoders: set[int] = set()
        for name in contest.names:
            encoder = id(self.final_fit.fitted[name].encoder)
            loads[name] = self._measured(name, encoded=encoder in encoders)
            encoders.add(encoder)
        total = sum(loads.values(), Load())
        if not room.lacks(total):
            return None
        excess = heaviest_that_exceeds(loads, size_mb=room.size_mb, latency_ms=room.latency_ms)
        who = "alone it needs" if len(loads) == 1 else "together the members need"
        self.progress(f"{excess} is left out: {who} {room.lacks(total)}")
        return excess

    def _measured(self, name: str, *, encoded: bool = False) -> Load:
        """Return what a member weighs and takes, encoding included unless another one does that."""
        fitted, raw = self.final_fit.fitted[name], self.workshop.folds.data.X
        X = fitted.encoder.transform(raw.head(1_000))
        taken = latency_ms(fitted.member, X, clock=self.clock)
        if not encoded:
            taken += encoding_ms(fitted.encoder, raw, clock=self.clock)
        return Load(0.0, size_mb(fitted), taken)

    def _has_taken_its_place(self, excess: str) -> bool:
        """Fit the best trial of another algorithm that keeps the limits; say if there is one."""
        room, fitted = replace(self._room(), seconds=math.inf), self.final_fit.fitted
        best: dict[str, str] = {}
        for name, trial in self.pool.trials.items():
            best.setdefault(trial.algorithm, name)
        kept = fitted.pop(excess)
        for name in best.values():
            if name == excess or name in self.final_fit.broken:
                continue
            trial = self.final_fit.trials[name]
            if room.lacks(expected_load(self.workshop, trial, seconds=0.0, clock=self.clock)):
                continue
            self.final_fit.fit_all([name])
            if name not in fitted:
                continue
            if not room.lacks(self._measured(name)):
                self.progress(f"{name} takes its place: the best one alone that keeps the limits")
                return True
            del fitted[name]
        fitted[excess] = kept
        self.progress(f"the limits cannot be kept: no member is as small and fast, {excess} stays")
        return False


def _calibrated(predictor: Predictor, prediction: Floats | None) -> Floats | None:
    if prediction is None or predictor.calibration is None:
        return prediction
    return predictor.calibration.apply(prediction)


def _heaviest_first(contest: Contest) -> list[str]:
    weights = dict(zip(contest.names, contest.combiner.weights(), strict=True))
    return sorted(contest.names, key=lambda name: -abs(weights[name]))


def _losses_to_tell(contest: Contest, pool: Pool) -> dict[str, float]:
    """Return the losses of the methods, the members and the best of each algorithm."""
    best: dict[str, str] = {}
    for name, trial in pool.trials.items():
        best.setdefault(trial.algorithm, name)
    told = {*contest.names, *best.values()}
    return {
        name: loss
        for name, loss in contest.losses.items()
        if name in told or name not in pool.trials
    }
