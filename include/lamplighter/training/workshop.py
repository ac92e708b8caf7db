"""Where members are fitted, on rows that are prepared once for all trials of one recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lamplighter.training.folds import Folds
from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows
from lamplighter.training.members.catalogue import fit_member
from lamplighter.training.recipe import Prepared, Recipe
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats

Resource = Literal["rows", "rounds"]

_MOST_ROUNDS = 300
"""Boosting rounds that a share is taken of."""

_KEPT = 4
"""Recipes whose prepared folds are kept in memory."""


@dataclass(frozen=True)
class PreparedFold:
    """A fold as a recipe makes it: what is fitted on, and what is validated by."""

    train: Prepared
    validation: Rows


@dataclass
class Workshop:
    """Fits members of trials on folds, or on everything.

    Attributes
    ----------
    algorithms : mapping of str to Algorithm
        By the names that trials use.
    seed : int
        The search's seed; a fit's own derives from it and the trial's index.
    threads : int
        Most threads to use.
    """

    folds: Folds
    algorithms: Mapping[str, Algorithm]
    seed: int
    threads: int
    _prepared: dict[tuple[str, int], PreparedFold] = field(default_factory=dict, repr=False)

    def recipe(self, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a trial with these parameters."""
        return Recipe.of(Recipe.split(params)[0], self.folds.data.features)

    def fold(self, number: int, recipe: Recipe) -> PreparedFold:
        """Return a fold as a recipe makes it."""
        name = (recipe.key, number)
        if name not in self._prepared:
            self._forget_the_oldest()
            self._prepared[name] = self._prepare(number, recipe)
        return self._prepared[name]

    def kept(self, number: int, recipe: Recipe) -> tuple[str, ...]:
        """Return the features that a recipe keeps in a fold, as `fold` would."""
        train = self.folds.positions(number)[0]
        return recipe.kept(
            self.folds.data.X.iloc[train],
            self.folds.y[train],
            target=self.folds.target,
            seed=derive_seed(self.seed, "prepare", number),
            in_time_order=self.folds.in_time_order,
        )

    def everything(self, recipe: Recipe) -> Prepared:
        """Return all training rows as a recipe makes them."""
        return recipe.prepare(
            self.folds.data.X,
            self.folds.y,
            target=self.folds.target,
            seed=derive_seed(self.seed, "prepare", "everything"),
            in_time_order=self.folds.in_time_order,
        )

    def fit(
        self,
        algorithm: str,
        params: Mapping[str, Any],
        prepared: Prepared,
        *,
        index: int,
        validation: Rows | None = None,
        seconds_left: Callable[[], float] | None = None,
        start: Member | None = None,
        share: tuple[float, Resource] = (1.0, "rows"),
    ) -> Member:
        """Fit a member of a trial, with at most `threads` threads, whichever library has them.

        With a `share` below 1 it gets only so much of the rows, the same ones for all trials, or
        of the rounds.
        """
        rows, own = prepared.rows, Recipe.split(params)[1]
        if share[0] < 1 and share[1] == "rows":
            rows = self._part_of(rows, share[0])
        elif share[0] < 1:
            own["rounds"] = max(1, round(share[0] * _MOST_ROUNDS))
        fit = Fit(
            params=own,
            target=self.folds.target,
            seed=derive_seed(self.seed, "fit", index),
            threads=self.threads,
            validation=validation,
            seconds_left=seconds_left,
            start=start,
        )
        return prepared.finish(fit_member(self.algorithms[algorithm], rows, fit))

    def _part_of(self, rows: Rows, share: float) -> Rows:
        shuffled = np.random.default_rng(derive_seed(self.seed, "part")).permutation(len(rows))
        return rows.take(np.sort(shuffled[: max(2, round(share * len(rows)))]))

    def _prepare(self, number: int, recipe: Recipe) -> PreparedFold:
        train, validation = self.folds.positions(number)
        prepared = recipe.prepare(
            self.folds.data.X.iloc[train],
            self.folds.y[train],
            target=self.folds.target,
            seed=derive_seed(self.seed, "prepare", number),
            in_time_order=self.folds.in_time_order,
        )
        X = prepared.encoder.transform(self.folds.data.X.iloc[validation])
        return PreparedFold(prepared, Rows(X, self.folds.y[validation]))

    def _forget_the_oldest(self) -> None:
        recipes = list(dict.fromkeys(key for key, _ in self._prepared))
        for key in recipes[1 : len(recipes) - _KEPT + 1]:  # the first one is the plain one
            for name in [name for name in self._prepared if name[0] == key]:
                del self._prepared[name]


def validation_targets(folds: Folds) -> tuple[Floats, ...]:
    """Return the targets of each scored fold, as the out-of-fold predictions are aligned."""
    return tuple(np.asarray(folds.y[folds.positions(number)[1]]) for number in folds.scored)
