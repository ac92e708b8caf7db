"""The budget of a search: what is left of it, and what there is still time for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.training.members.algorithm import Cost
from lamplighter.training.trial import TrialRecord

_DEARNESS = {"cheap": 1.0, "medium": 5.0, "dear": 15.0}
"""What a first trial may cost, against one of the class below; see `Algorithm.cost`."""

_MOST_OF_BUDGET = 0.25
_MOST_FOR_THE_FIRST = (0.1, 0.1, 0.1, 0.1, 0.04)
"""Share of the budget that one trial may take before it is asked to stop where it is: less for an
algorithm's first one, and little once four algorithms were tried, of which one will do."""


@dataclass(frozen=True)
class Budget:
    """The seconds of one worker.

    Attributes
    ----------
    seconds : float or None
        All that it may use; None: as long as it takes.
    spent_s : float
        What its earlier, killed tries used.
    reserve_s : callable
        Seconds to leave for what comes after the search, as the trials so far let expect.
    """

    clock: Callable[[], float]
    begun: float
    seconds: float | None
    spent_s: float = 0.0
    reserve_s: Callable[[Sequence[TrialRecord]], float] = lambda trials: 0.0

    @property
    def counts_seconds(self) -> bool:
        """Whether the search is bounded in seconds."""
        return self.seconds is not None

    def left(self, trials: Sequence[TrialRecord] = ()) -> float | None:
        """Return the seconds left, the reserve taken off; None: no end."""
        if self.seconds is None:
            return None
        used = self.spent_s + self.clock() - self.begun
        return self.seconds - used - self.reserve_s(trials)

    def for_one_trial(
        self, algorithm: str, trials: Sequence[TrialRecord]
    ) -> Callable[[], float] | None:
        """Return a countdown of the seconds that a trial may take which begins now."""
        left = self.left(trials)
        if left is None or self.seconds is None:
            return None
        tried = {trial.algorithm for trial in trials if trial.index >= 0}
        place = min(len(tried), len(_MOST_FOR_THE_FIRST) - 1)
        share = _MOST_OF_BUDGET if algorithm in tried else _MOST_FOR_THE_FIRST[place]
        end = self.clock() + min(left, share * self.seconds)
        return lambda: end - self.clock()

    def admits(
        self, name: str, trials: Sequence[TrialRecord], *, costs: Mapping[str, Cost]
    ) -> bool:
        """Say whether a trial of an algorithm can be expected to end in time."""
        left = self.left(trials)
        if left is None or not any(trial.loss is not None for trial in trials):
            return True
        return left > 0 and expected_seconds(name, trials, costs=costs) <= left


def expected_seconds(
    name: str, trials: Sequence[TrialRecord], *, costs: Mapping[str, Cost]
) -> float:
    """Expect what four fifths of an algorithm's trials took; before any, by its class of cost.

    Examples
    --------
    >>> slow = TrialRecord(0, "linear", {}, loss=0.5, seconds=3.0, status="ok")
    >>> costs = {"linear": "cheap", "xgboost": "medium"}
    >>> [expected_seconds(name, [slow], costs=costs) for name in costs]
    [3.0, 15.0]
    """
    seconds: dict[str, list[float]] = {}
    for trial in trials:
        if trial.loss is not None and trial.index >= 0:
            seconds.setdefault(trial.algorithm, []).append(trial.seconds)
    if name in seconds:
        return float(np.quantile(seconds[name], 0.8))
    own = _DEARNESS[costs[name]]
    by_others = [
        float(np.median(taken)) * own / _DEARNESS[costs[other]]
        for other, taken in seconds.items()
        if other in costs
    ]
    return float(np.median(by_others)) if by_others else 0.0


def too_short(
    trials: Sequence[TrialRecord], *, budget_s: float | None, limit: int | None = None
) -> str:
    """Say that a budget was enough for a single trial; empty where it was enough for more."""
    own = [trial for trial in trials if trial.index >= 0]
    if budget_s is None or len(own) != 1 or limit == 1:
        return ""
    return (
        f"{budget_s:g} s are too short a budget: there was time for one trial only, a known good "
        f"default of {own[0].algorithm}, which took {own[0].seconds:.1f} s; give the search more"
    )
