"""The contest of members and combinations, on rows from which neither has learnt."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.combine import Blend, Combiner
from lamplighter.training.compose import METHODS, Combination, Lesson
from lamplighter.training.cross_fit import Turn, turns
from lamplighter.training.room import Load, Room
from lamplighter.training.target import Floats

REFERENCES = ("stacking", "greedy", "blending", "voting", "single")
"""The method that wins ties: the first of these that may take part."""

_FEWEST_ROWS = 30
"""On fewer rows nobody is combined."""

NOISE = 1.0
"""Standard errors of the paired difference by which another method must beat the reference."""


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of every entrant for rows it was not fitted on, oldest first where there is time.

    Attributes
    ----------
    y : ndarray of float, shape (n_rows,)
    predictions : mapping of str to ndarray, shape (n_rows,) or (n_rows, n_classes)
    families : mapping of str to str
        The algorithm of each entrant.
    loads : mapping of str to Load
        What each would cost; nothing unless said.
    """

    task: Task
    y: Floats
    predictions: Mapping[str, Floats]
    families: Mapping[str, str]
    in_time_order: bool
    room: Room
    loads: Mapping[str, Load] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The entrants."""
        return tuple(self.predictions)

    def lesson(self) -> Lesson:
        """Return all of it as what a combination learns from."""
        loads = [self.loads.get(name, Load()) for name in self.names]
        return Lesson(
            task=self.task,
            families=tuple(self.families[name] for name in self.names),
            predictions=tuple(self.predictions.values()),
            y=self.y,
            in_time_order=self.in_time_order,
            admits=lambda places: self.room.holds(loads[place] for place in places),
        )

    def of(self, names: Collection[str]) -> OutOfFold:
        """Return it with some of the entrants only."""
        return replace(
            self, predictions={name: p for name, p in self.predictions.items() if name in names}
        )


@dataclass(frozen=True)
class Contest:
    """Who won, and by what.

    Attributes
    ----------
    losses : dict of str to float
        Of every entrant and every method on the judged rows, which have taught none of them.
    winner : str
        A method, or the name of an entrant where one alone is best.
    names : tuple of str
        The members of the winner, in the order in which `combiner` takes their predictions.
    judged : ndarray of int, shape (n_judged,)
        The rows that judged.
    prediction : ndarray or None
        What the winning method says of them, without having learnt from them; None if there was no
        contest.
    """

    losses: dict[str, float]
    winner: str
    names: tuple[str, ...]
    combiner: Combiner
    judged: NDArray[np.intp]
    prediction: Floats | None


def alone(name: str, losses: dict[str, float]) -> Contest:
    """Return the outcome where there was no contest: one entrant, and the losses of the search."""
    return Contest(losses, name, (name,), Blend((1.0,)), np.empty(0, dtype=np.intp), None)


def judge(found: OutOfFold, *, methods: Sequence[str]) -> Contest:
    """Find the best method by its loss on rows from which it has learnt neither whom nor how.

    To take the best member alone is a method too: other rows say who is best. A stack of selected
    members is the reference; another method must beat it by more than one standard error of the
    paired difference. On 21 splits of 11 small sets stacks had the least loss on fresh rows most
    often; to take whatever had the least loss, or to prefer a single member in ties, was worse.
    """
    lesson = found.lesson()
    if len(found.y) < _FEWEST_ROWS:
        methods = ()
    every = [name for name in METHODS if name == "single" or name in methods]
    parts = list(turns(len(found.y), in_time_order=found.in_time_order))
    judged = np.concatenate([turn.judged for turn in parts])
    predictions = {name: _cross_fitted(lesson, METHODS[name], parts) for name in every}
    y = found.y[judged]
    rows = {name: row_losses(found.task, y, p) for name, p in predictions.items()}
    chosen = _winner(rows)
    combination = METHODS[chosen](lesson)
    names = tuple(found.names[place] for place in combination.places)
    alone = len(names) == 1 and isinstance(combination.combiner, Blend)
    losses = {
        name: as_loss(found.task, row_losses(found.task, y, p[judged]))
        for name, p in found.predictions.items()
    } | {name: as_loss(found.task, of_rows) for name, of_rows in rows.items() if name != "single"}
    return Contest(
        losses=losses,
        winner=names[0] if alone else chosen,
        names=names,
        combiner=combination.combiner,
        judged=judged,
        prediction=predictions[chosen],
    )


def _cross_fitted(
    lesson: Lesson, method: Callable[[Lesson], Combination], parts: Sequence[Turn]
) -> Floats:
    return np.concatenate(
        [
            method(lesson.of(turn.learnt)).combine([p[turn.judged] for p in lesson.predictions])
            for turn in parts
        ]
    )


def _winner(rows: Mapping[str, Floats]) -> str:
    reference = next(name for name in REFERENCES if name in rows)
    best = min(rows, key=lambda name: float(rows[name].mean()))
    gain = rows[reference] - rows[best]
    noise = NOISE * float(gain.std()) / np.sqrt(len(gain))
    return best if gain.mean() > noise else reference


def as_loss(task: Task, of_rows: Floats) -> float:
    """Return the loss of a task from those of its rows."""
    mean = float(of_rows.mean())
    return float(np.sqrt(mean)) if task == "regression" else mean
