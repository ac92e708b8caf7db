"""How each method of the spec makes one prediction of many: whom it takes, and how it weighs them.

A method learns from a lesson: predictions for rows that the members were not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.training.combine import Blend, Combiner, fit_blend
from lamplighter.training.greedy import Admits, select_greedily
from lamplighter.training.stack_twice import fit_tower
from lamplighter.training.stacking import fit_stack
from lamplighter.training.target import Floats

_NEGLIGIBLE = 0.05
"""Shares that are not worth a fit: without them ensembles had 4.6 members instead of 7.3 and the
same loss on fresh rows (21 splits of 11 small sets)."""

_VOTERS = 4
_BAGS = 10
_BAGGED_ROWS = 20_000
"""So many rows are enough for one greedy selection; on fewer, several are averaged."""


@dataclass(frozen=True)
class Lesson:
    """What a combination learns from. Rows are oldest first where there is time.

    Attributes
    ----------
    families : tuple of str
        The algorithm of each member.
    predictions : tuple of ndarray, shape (n_rows,) or (n_rows, n_classes)
        Of each member.
    admits : callable
        Whether an ensemble of the members at some places may be; one alone always may.
    """

    task: Task
    families: tuple[str, ...]
    predictions: tuple[Floats, ...]
    y: Floats
    in_time_order: bool
    admits: Admits = lambda places: True

    def of(self, rows: NDArray[np.intp]) -> Lesson:
        """Return the lesson of some of its rows."""
        return Lesson(
            self.task,
            self.families,
            tuple(p[rows] for p in self.predictions),
            self.y[rows],
            self.in_time_order,
            self.admits,
        )

    @cached_property
    def order(self) -> list[int]:
        """The members' places, the best first."""
        losses = [float(row_losses(self.task, self.y, p).mean()) for p in self.predictions]
        return [int(place) for place in np.argsort(losses, kind="stable")]

    def best_of_each_family(self) -> list[int]:
        """Return the best member of each algorithm, as long as there is room for them."""
        taken: list[int] = []
        for place in self.order:
            if self.families[place] in {self.families[other] for other in taken}:
                continue
            if not taken or self.admits(sorted([*taken, place])):
                taken.append(place)
        return taken


@dataclass(frozen=True)
class Combination:
    """Members, by their places in a lesson, and how they are combined."""

    places: tuple[int, ...]
    combiner: Combiner

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Combine the predictions of all members of the lesson."""
        return self.combiner.combine([predictions[place] for place in self.places])


def take_the_best(lesson: Lesson) -> Combination:
    """Take the best member alone."""
    return Combination((lesson.order[0],), Blend((1.0,)))


def vote(lesson: Lesson) -> Combination:
    """Average the best members of the best algorithms, each with one vote."""
    places = lesson.best_of_each_family()[:_VOTERS]
    return Combination(tuple(places), Blend.even(len(places)))


def blend(lesson: Lesson) -> Combination:
    """Weigh the best member of each algorithm by what lowers the loss most."""
    places = lesson.best_of_each_family()
    shares = fit_blend(lesson.task, [lesson.predictions[p] for p in places], lesson.y).shares
    return _without_idle(places, shares)


def select(lesson: Lesson) -> Combination:
    """Select greedily among all members; on few rows, average the selections of resampled rows.

    Resampling keeps the selection from learning the rows by heart [1]_.

    References
    ----------
    .. [1] R. Caruana, A. Munson and A. Niculescu-Mizil, "Getting the most out of ensemble
       selection", ICDM 2006, on bagged selection.
    """
    n = len(lesson.y)
    bags = int(np.clip(_BAGGED_ROWS // n, 1, _BAGS))
    rng = np.random.default_rng(0)
    total = np.zeros(len(lesson.predictions))
    for _ in range(bags):
        part = lesson if bags == 1 else lesson.of(np.sort(rng.integers(0, n, n)))
        total += select_greedily(part.task, part.predictions, part.y, admits=part.admits)
    return _without_idle(*_that_have_room(total / bags, lesson.admits))


def stack(lesson: Lesson) -> Combination:
    """Fit a linear model on the scores of the members that greedy selection takes."""
    places = select(lesson).places
    predictions = [lesson.predictions[place] for place in places]
    return Combination(places, fit_stack(lesson.task, predictions, lesson.y))


def stack_twice(lesson: Lesson) -> Combination:
    """Fit several models on the selected members, and a blend on top of these."""
    places = select(lesson).places
    predictions = [lesson.predictions[place] for place in places]
    tower = fit_tower(lesson.task, predictions, lesson.y, in_time_order=lesson.in_time_order)
    return Combination(places, tower)


METHODS: dict[str, Callable[[Lesson], Combination]] = {
    "single": take_the_best,
    "voting": vote,
    "blending": blend,
    "greedy": select,
    "stacking": stack,
    "stacking_twice": stack_twice,
}
"""Every method, the simplest first."""


def _that_have_room(shares: Floats, admits: Admits) -> tuple[list[int], list[float]]:
    """Take the heaviest members as long as there is room; several selections may need too much."""
    taken: list[int] = []
    for place in np.argsort(-shares, kind="stable").tolist():
        worth = shares[place] >= _NEGLIGIBLE
        if not taken or (worth and admits(sorted([*taken, place]))):
            taken.append(place)
    return taken, [float(shares[place]) for place in taken]


def _without_idle(places: Sequence[int], shares: Sequence[float]) -> Combination:
    """Return the blend of the members that earn their fit, in the order of places."""
    least = min(_NEGLIGIBLE, max(shares))
    worth = sorted((p, s) for p, s in zip(places, shares, strict=True) if s >= least)
    total = sum(share for _, share in worth)
    return Combination(
        tuple(place for place, _ in worth), Blend(tuple(share / total for _, share in worth))
    )
