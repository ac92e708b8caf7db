"""Stability of a selection: which features each fold kept, by its own training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop


@dataclass(frozen=True)
class Stability:
    """How often each feature was kept.

    Attributes
    ----------
    member : str
        Whose selection it is.
    method : str
        The rule of its recipe.
    folds : int
        How many folds were asked.
    kept : dict of str to int
        In how many of them each feature was kept, for all features in their order.
    final : tuple of str
        What the fit on all training rows kept.
    """

    member: str
    method: str
    folds: int
    kept: dict[str, int]
    final: tuple[str, ...]

    @property
    def always(self) -> list[str]:
        """Features that every fold kept."""
        return [name for name, count in self.kept.items() if count == self.folds]

    @property
    def sometimes(self) -> dict[str, int]:
        """Features that some folds kept, and how many; the most often kept first."""
        some = {name: count for name, count in self.kept.items() if 0 < count < self.folds}
        return dict(sorted(some.items(), key=lambda pair: -pair[1]))

    @property
    def never(self) -> list[str]:
        """Features that no fold kept."""
        return [name for name, count in self.kept.items() if not count]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "member": self.member,
            "method": self.method,
            "folds": self.folds,
            "always": self.always,
            "sometimes": [{"name": name, "folds": n} for name, n in self.sometimes.items()],
            "never": self.never,
            "final": list(self.final),
        }


def selection_stability(
    workshop: Workshop,
    trials: Mapping[str, TrialRecord],
    kept: Mapping[str, Sequence[str]],
    *,
    seconds_left: Callable[[], float] | None = None,
    clock: Callable[[], float] = monotonic,
) -> Stability | None:
    """Ask every fold again what the first of some members that selects had kept there.

    Parameters
    ----------
    trials : mapping of str to TrialRecord
        The members of the model, the most important first.
    kept : mapping of str to sequence of str
        The features that each was fitted on in the end.
    seconds_left : callable, optional
        Folds are no longer asked, the oldest last, when there is no time for another.

    Returns
    -------
    Stability or None
        None where no member selects, or there was no time for a single fold.
    """
    folds = workshop.folds
    for member, trial in trials.items():
        recipe = workshop.recipe(trial.params)
        if not recipe.selects:
            continue
        found: Counter[str] = Counter()
        asked, longest = 0, 0.0
        for number in reversed(folds.usable):
            begun = clock()
            if seconds_left is not None and longest > seconds_left():
                break
            found.update(workshop.kept(number, recipe))
            asked, longest = asked + 1, max(longest, clock() - begun)
        counts = {str(name): found[str(name)] for name in folds.data.X.columns}
        final = tuple(kept[member])
        return Stability(member, recipe.select.method, asked, counts, final) if asked else None
    return None
