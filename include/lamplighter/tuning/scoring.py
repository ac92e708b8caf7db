"""A trial scored fold by fold, on rows that had no part in its fit, its rounds included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lamplighter.errors import TrainingError
from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.folds import Folds, finite_prediction
from lamplighter.training.members.algorithm import Member, Rows
from lamplighter.training.recipe import Prepared
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import PreparedFold, Resource, Workshop
from lamplighter.tuning.race import Race

_MANY_ROWS = 2_000
"""Validation rows from which on choosing the rounds by them flatters nobody.

On few rows the best of some hundred rounds is best by chance as well, and its loss too good."""

_STOPPING_SHARE = 0.15

Countdown = Callable[[], float]


@dataclass(frozen=True)
class Scoring:
    """Scores trials on the scored folds.

    Where a fold's validation rows are many, boosters and networks stop early by them. Where they
    are few, rounds are found on a part of the fold's training rows that is set aside for it, and
    the fold is fitted again with so many on all of them.
    """

    folds: Folds
    workshop: Workshop
    race: Race
    resource: Resource
    _has_rounds: dict[str, bool] = field(default_factory=dict, repr=False)

    def score(
        self, trial: TrialRecord, trials: Sequence[TrialRecord], countdown: Countdown | None
    ) -> tuple[TrialRecord, tuple[Floats, ...] | None]:
        """Return the trial with its losses, and its out-of-fold predictions if it ended.

        Raises
        ------
        TrainingError
            If its predictions or its loss are not finite.
        """
        name, task = trial.algorithm, self.folds.target.task
        recipe = self.workshop.recipe(trial.params)
        predictions: list[Floats] = []
        losses: list[Floats] = []
        rounds: list[int] = []
        for done, number in enumerate(self.folds.scored):
            why = self._why_give_up(trial, losses, trials, countdown)
            if why:
                return replace(trial, status="pruned", error=why, folds=_means(task, losses)), None
            fold = self.workshop.fold(number, recipe)
            part = _part_of(countdown, 1 / (len(self.folds.scored) - done))
            member = self._member(trial, fold, part)
            predicted = finite_prediction(
                name, member, fold.validation, threads=self.workshop.threads
            )
            predictions.append(predicted)
            losses.append(row_losses(task, fold.validation.y, predicted))
            if member.rounds is not None:
                rounds.append(member.rounds)
        (loss,) = _means(task, [np.concatenate(losses)])
        if not np.isfinite(loss):
            raise TrainingError(f"{name} has the loss {loss} on {sum(map(len, losses))} rows")
        found = {"rounds": round(float(np.mean(rounds)))} if rounds else {}
        folds = _means(task, losses)
        ended = replace(trial, loss=loss, folds=folds, params=trial.params | found, status="ok")
        return ended, tuple(predictions)

    def _why_give_up(
        self,
        trial: TrialRecord,
        losses: Sequence[Floats],
        trials: Sequence[TrialRecord],
        countdown: Countdown | None,
    ) -> str:
        of_all = f"{len(losses)} of {len(self.folds.scored)} folds"
        if trial.fidelity == 1.0 and self.race.is_lost(trial.algorithm, losses, trials):
            return f"fell behind on {of_all}"
        others = any(other.loss is not None for other in trials)
        if losses and others and countdown is not None and countdown() <= 0:
            return f"its time was up after {of_all}"
        return ""

    def _member(
        self, trial: TrialRecord, fold: PreparedFold, countdown: Countdown | None
    ) -> Member:
        def fit(
            prepared: Prepared,
            *,
            validation: Rows | None = None,
            seconds_left: Countdown | None = countdown,
            **found: int,
        ) -> Member:
            return self.workshop.fit(
                trial.algorithm,
                trial.params | found,
                prepared,
                index=trial.index,
                validation=validation,
                seconds_left=seconds_left,
                share=(trial.fidelity, self.resource),
            )

        if len(fold.validation) >= _MANY_ROWS:
            return fit(fold.train, validation=fold.validation)
        if not self._has_rounds.get(trial.algorithm, True):
            return fit(fold.train)
        inner, stopping = self._set_aside(fold.train.rows)
        half = _part_of(countdown, 0.5)
        first = fit(replace(fold.train, rows=inner), validation=stopping, seconds_left=half)
        self._has_rounds[trial.algorithm] = first.rounds is not None
        return fit(fold.train) if first.rounds is None else fit(fold.train, rounds=first.rounds)

    def _set_aside(self, rows: Rows) -> tuple[Rows, Rows]:
        """Divide training rows: the newest stop, or, without time, some of them at random.

        Copies go where the row goes that they were made of: by copies of what a booster has
        learnt it would never stop.
        """
        made_of = np.arange(len(rows)) if rows.made_of is None else rows.made_of
        order = np.arange(int(made_of.max()) + 1)
        if not self.folds.in_time_order:
            seed = derive_seed(self.workshop.seed, "stopping", len(order))
            order = np.random.default_rng(seed).permutation(order)
        cut = len(order) - max(1, round(_STOPPING_SHARE * len(order)))
        stops = np.isin(made_of, order[cut:])
        return rows.take(np.flatnonzero(~stops)), rows.take(np.flatnonzero(stops))


def _part_of(countdown: Countdown | None, share: float) -> Countdown | None:
    """Return a countdown of a share of the seconds that are left now.

    One fold must not use up the time of the others, or these would end after their first round.
    """
    if countdown is None:
        return None
    rest = (1 - share) * max(0.0, countdown())
    return lambda: countdown() - rest


def _means(task: Task, losses: Sequence[Floats]) -> tuple[float, ...]:
    means = np.array([float(of_rows.mean()) for of_rows in losses])
    return tuple(float(m) for m in (np.sqrt(means) if task == "regression" else means))
