"""Successive halving around another method: many trials on little, the best of them on more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import Past, past_points
from lamplighter.tuning.methods.method import Method, Spaces, Suggestion


@dataclass(frozen=True)
class SuccessiveHalving:
    """Asynchronous successive halving (ASHA) [1]_.

    A trial of the lowest rung gets the share ``factor ** (1 - rungs)`` of the rows or rounds. The
    best ``1 / factor`` of a rung are tried again on `factor` times as much, as soon as there is
    one to go up; until then the method inside suggests new points for the lowest rung.

    Attributes
    ----------
    around : Method
        What suggests new points.
    factor : int
        One of so many goes up.
    rungs : int
        How many; the last one is on everything.

    References
    ----------
    .. [1] L. Li, K. Jamieson, A. Rostamizadeh, E. Gonina, J. Ben-tzur, M. Hardt, B. Recht and
       A. Talwalkar, "A system for massively parallel hyperparameter tuning", 2020.
    """

    around: Method
    factor: int = 3
    rungs: int = 3

    @property
    def handles_branches(self) -> bool:
        """Whether the method inside can search spaces with branches."""
        return self.around.handles_branches

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each rung, the lowest first."""
        return tuple(self.factor ** (rung + 1 - self.rungs) for rung in range(self.rungs))

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Suggest a point that goes up a rung, or else a new one."""
        past = past_points(
            [t for t in trials if 0 <= t.index != index and t.loss is not None], spaces
        )
        going_up = self._going_up(past)
        # Others have been given the first of those already.
        ended = {trial.index for trial in trials}
        under_way = sum(other not in ended for other in range(index))
        if under_way < len(going_up):
            return going_up[under_way]
        new = self.around.suggest(index, seed=seed, spaces=spaces, trials=trials)
        return None if new is None else replace(new, fidelity=self.shares[0])

    def _going_up(self, past: Sequence[Past]) -> list[Suggestion]:
        """Return what may go up, the highest rung first, and the best of a rung first."""
        on_rung: list[list[Past]] = [[] for _ in self.shares]
        for point in past:
            on_rung[self._rung(point)].append(point)
        found = []
        above: set[object] = {_key(point) for point in on_rung[-1]}
        for rung in reversed(range(self.rungs - 1)):
            here = sorted(on_rung[rung], key=lambda point: (point.loss, point.index))
            for point in here[: len(here) // self.factor]:
                if _key(point) not in above:
                    found.append(Suggestion(point.algorithm, point.params, self.shares[rung + 1]))
            above |= {_key(point) for point in here}
        return found

    def _rung(self, point: Past) -> int:
        nearest = [abs(math.log(point.fidelity / share)) for share in self.shares]
        return nearest.index(min(nearest))


def _key(point: Past) -> tuple[str, tuple[tuple[str, Any], ...]]:
    return point.algorithm, tuple(sorted(point.params.items()))
