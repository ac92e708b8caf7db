"""The final fit: the members of the winner on all rows, in the seconds that are left."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lamplighter.errors import TrainingError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.bagging import fit_bag
from lamplighter.training.folds import finite_prediction
from lamplighter.training.members.algorithm import Member
from lamplighter.training.recipe import Prepared, Recipe
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

_CHECKED_ROWS = 1_000
_SHARE_OF_TRIAL = 0.6
"""What a booster's fit of given rounds costs, a row, against its trial's, which also watches
validation rows and runs past its best round (measured .5 for XGBoost, .6 for histogram boosting).
"""

_MORE_ROUNDS = 0.3
"""Rounds grow with this power of the rows: with more rows a booster may learn for longer."""

_PATIENCE = 2.0
"""How many times what it was expected to take the one fit may take that there has to be."""

_DONE = 0.8
"""Share of its rounds with which a member is as good as done."""

BAGGED = "bagging"
"""Name of the entrant that is the best trial, fitted several times on resampled rows."""


@dataclass(frozen=True)
class Fitted:
    """A member, and the encoder of what it reads."""

    encoder: FrameEncoder
    member: Member


@dataclass
class FinalFit:
    """Fits trials on all rows, each at most once, and learns on the way what that takes.

    Attributes
    ----------
    trials : dict of str to TrialRecord
        What can be fitted, by name.
    deadline : callable or None
        Returns the seconds left.
    """

    workshop: Workshop
    trials: dict[str, TrialRecord]
    deadline: Callable[[], float] | None
    progress: Callable[[str], None]
    fitted: dict[str, Fitted] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    _prepared: dict[str, Prepared] = field(default_factory=dict)
    _pace: float = 1.0

    def seconds(self, name: str) -> float:
        """Return what fitting a trial on all rows can be expected to take."""
        trial, folds = self.trials[name], self.workshop.folds
        rows = len(folds.y) / max(1, folds.training_rows(folds.scored))
        share = _SHARE_OF_TRIAL * self._growth if "rounds" in trial.params else 1.0
        return self._pace * trial.seconds * rows * share / max(trial.fidelity, 0.05)

    def seconds_left(self) -> float:
        """Return the seconds left; infinite without a deadline."""
        return math.inf if self.deadline is None else self.deadline()

    def fit_all(self, names: Sequence[str]) -> None:
        """Fit trials in this order, as long as there is time; the first one is always fitted."""
        for name in names:
            expected, left = self.seconds(name), self.seconds_left()
            if self.fitted and expected > left:
                self.progress(
                    f"{name} is left out: fitting it on all rows takes about {expected:.0f} s, "
                    f"{max(0.0, left):.0f} s are left"
                )
                continue
            self._try(name)
            if name in self.fitted and 0 < expected < math.inf and left < math.inf:
                taken = left - self.seconds_left()
                self._pace *= float(np.clip(taken / expected, 0.2, 5.0))

    def fit_one_of(self, names: Sequence[str]) -> None:
        """Fit the first of these trials that can be fitted.

        Raises
        ------
        TrainingError
            If none can.
        """
        for name in names:
            if name not in self.broken:
                self._try(name)
            if name in self.fitted:
                return
        reasons = "; ".join(f"{name}: {why}" for name, why in list(self.broken.items())[:3])
        raise TrainingError(
            f"no member could be fitted on all {len(self.workshop.folds.y)} rows ({reasons})"
        )

    def _try(self, name: str) -> None:
        try:
            self.fitted[name] = self._fit(name)
        except Exception as error:  # one broken member is no lost night
            self.broken[name] = str(error)
            self.progress(f"{name} could not be fitted on all rows: {error}")

    @property
    def _growth(self) -> float:
        """How many times the rounds of a trial a booster gets on all rows."""
        folds = self.workshop.folds
        of_trial = folds.training_rows(folds.scored) / max(1, len(folds.scored))
        return float(max(1.0, len(folds.y) / max(1.0, of_trial)) ** _MORE_ROUNDS)

    def _fit(self, name: str) -> Fitted:
        trial, folds = self.trials[name], self.workshop.folds
        prepared = self._everything(self.workshop.recipe(trial.params))
        self.progress(f"{name}: fitting on all {len(folds.y):,} rows")
        if "rounds" in trial.params:
            rounds = round(trial.params["rounds"] * self._growth)
            trial = replace(trial, params=trial.params | {"rounds": rounds})
        fit = fit_bag if name == BAGGED else fit_one
        member = fit(self.workshop, trial, prepared, seconds_left=self._patience(name))
        if self.fitted and _is_cut_short(member, trial):
            raise TrainingError("it was not done when the time was up")
        rows = prepared.rows.head(_CHECKED_ROWS)
        finite_prediction(name, member, rows, threads=self.workshop.threads)
        return Fitted(prepared.encoder, member)

    def _patience(self, name: str) -> Callable[[], float] | None:
        """Return a countdown for one fit: the first may take longer than is left, within reason.

        A member that is stopped in the middle is not the one that was judged out of fold.
        """
        if self.deadline is None:
            return None
        deadline, left = self.deadline, self.deadline()
        longer = 0.0 if self.fitted else max(0.0, _PATIENCE * self.seconds(name) - left)
        return lambda: deadline() + longer

    def _everything(self, recipe: Recipe) -> Prepared:
        if recipe.key not in self._prepared:
            self._prepared[recipe.key] = self.workshop.everything(recipe)
        return self._prepared[recipe.key]


def _is_cut_short(member: Member, trial: TrialRecord) -> bool:
    asked = trial.params.get("rounds")
    return asked is not None and member.rounds is not None and member.rounds < _DONE * asked


def fit_one(
    workshop: Workshop,
    trial: TrialRecord,
    prepared: Prepared,
    *,
    seconds_left: Callable[[], float] | None = None,
) -> Member:
    """Fit a trial's member on rows that were prepared by its recipe."""
    return workshop.fit(
        trial.algorithm, trial.params, prepared, index=trial.index, seconds_left=seconds_left
    )
