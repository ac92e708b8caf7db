"""What every search method is: a pure function from past trials to the next point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lamplighter.training.space import Space
from lamplighter.training.trial import TrialRecord

Spaces = Mapping[str, Space]
"""One space for each algorithm that may be suggested."""


@dataclass(frozen=True)
class Suggestion:
    """What is to be tried next.

    Attributes
    ----------
    params : dict
        A point of the algorithm's space; plain Python values.
    fidelity : float in (0, 1]
        The share of rows, or of boosting rounds, that the trial shall get.
    """

    algorithm: str
    params: dict[str, Any]
    fidelity: float = 1.0


class Method(Protocol):
    """A search method."""

    @property
    def handles_branches(self) -> bool:
        """Whether it can search spaces in which some dimensions exist only sometimes."""
        ...

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Return the next point; None when the spaces hold no other.

        It depends on the arguments alone, not on the order of the trials, nor on what was asked
        before, so that a search can be killed and resumed.

        Parameters
        ----------
        index : int
            The trial's place in the search.
        seed : int
            The search's seed.
        spaces : mapping of str to Space
            At least one. Past trials of other algorithms, or outside of their space, count for
            nothing.
        trials : sequence of TrialRecord
            Those that have ended, whether they gave a loss or not. Negative indices are trials of
            searches before this one.
        """
        ...
