"""Which algorithm is tried next, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.space import Choice, Space, lies_in
from lamplighter.training.trial import TrialRecord, ranked
from lamplighter.tuning.methods import Method, Suggestion
from lamplighter.tuning.methods.grid import GridSearch
from lamplighter.tuning.methods.halving import SuccessiveHalving
from lamplighter.tuning.warm_start import at_tonights_level

_COSTS = ("cheap", "medium", "dear")

_FURTHER_STARTS_FOR = 3
"""Only so many of the best algorithms are tried with their second and further starting points."""

_STEEPNESS = 1.5
"""Effort falls with this power of an algorithm's place: of nine, the best gets half."""


@dataclass(frozen=True)
class Schedule:
    """The order of a search: cheap answers first, then what was good, then what is suggested.

    What a trial is depends on its index, the seed, and the trials that have ended before, and on
    no clock unless `by_seconds`. So no two workers are given the same starting point.

    Attributes
    ----------
    algorithms : mapping of str to Algorithm
        What is searched, by name.
    spaces : mapping of str to Space
        Their spaces, with the dimensions that are the engine's own.
    inherited : sequence of TrialRecord
        Trials of nights before, the best first, to begin with and to go by.
    by_seconds : bool
        Share the seconds of the search out to the algorithms; else the number of trials.
    """

    method: Method
    algorithms: Mapping[str, Algorithm]
    spaces: Mapping[str, Space]
    inherited: Sequence[TrialRecord]
    seed: int
    by_seconds: bool

    def next(
        self, index: int, *, among: Sequence[str], trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Return what trial `index` is; None when there is nothing left to try.

        Parameters
        ----------
        among : sequence of str
            The algorithms that there is time for.
        trials : sequence of TrialRecord
            The trials of tonight that have ended.
        """
        earlier = sorted((t for t in trials if t.index != index), key=lambda trial: trial.index)
        known = [*at_tonights_level(self.inherited, earlier), *earlier]
        if isinstance(self.method, GridSearch):
            return self._suggested(index, among, known)
        opening = self._opening(index, among, earlier)
        if isinstance(self.method, SuccessiveHalving):
            # Good points begin on the lowest rung, like any other.
            if opening is not None:
                return replace(opening, fidelity=self.method.shares[0])
            return self._suggested(index, among, known)
        if opening is not None:
            return opening
        choices = list(among)
        while choices:
            name = self._promising(choices, earlier)
            found = self._suggested(index, [name], known)
            if found is not None:
                return found
            choices.remove(name)
        return None

    def openings(self) -> list[tuple[int, Suggestion]]:
        """Return the starting points in order, each with its rank within its algorithm."""
        cheapest = min(self.algorithms.values(), key=lambda a: _COSTS.index(a.cost))
        rest = [a for a in self.algorithms.values() if a is not cheapest]
        probe, *others = [(0, self._start(algorithm, 0)) for algorithm in (cheapest, *rest)]
        inherited = [
            (0, Suggestion(trial.algorithm, dict(trial.params)))
            for trial in self.inherited
            if trial.algorithm in self.spaces
            and lies_in(self.spaces[trial.algorithm], trial.params)
        ]
        longest = max(len(algorithm.starts) for algorithm in self.algorithms.values())
        further = [
            (rank, self._start(algorithm, rank))
            for rank in range(1, longest)
            for algorithm in self.algorithms.values()
            if rank < len(algorithm.starts)
        ]
        return _without_copies([probe, *inherited[:_FURTHER_STARTS_FOR], *others, *further])

    def _start(self, algorithm: Algorithm, rank: int) -> Suggestion:
        params = dict(algorithm.starts[rank])
        for name, dimension in self.spaces[algorithm.name].items():
            if name not in params and isinstance(dimension, Choice):
                params[name] = dimension.values[0]  # the engine's own: nothing special comes first
        return Suggestion(algorithm.name, params)

    def _opening(
        self, index: int, among: Sequence[str], earlier: Sequence[TrialRecord]
    ) -> Suggestion | None:
        openings = self.openings()
        if index >= len(openings):
            return None
        rank, found = openings[index]
        if found.algorithm not in among:
            return None
        best = list(dict.fromkeys(trial.algorithm for _, trial in ranked(earlier)))
        hopeless = rank > 0 and found.algorithm not in best[:_FURTHER_STARTS_FOR]
        return None if hopeless else found

    def _suggested(
        self, index: int, among: Sequence[str], known: Sequence[TrialRecord]
    ) -> Suggestion | None:
        spaces = {name: self.spaces[name] for name in among}
        return self.method.suggest(index, seed=self.seed, spaces=spaces, trials=known)

    def _promising(self, among: Sequence[str], earlier: Sequence[TrialRecord]) -> str:
        """Return who has had the least effort for its place, of which the best has most."""
        best = list(dict.fromkeys(trial.algorithm for _, trial in ranked(earlier)))
        effort = dict.fromkeys(among, 0.0)
        for trial in earlier:
            if trial.algorithm in effort:
                effort[trial.algorithm] += trial.seconds if self.by_seconds else 1.0
        places = {name: best.index(name) if name in best else len(best) for name in among}
        return min(among, key=lambda name: effort[name] * (1 + places[name]) ** _STEEPNESS)


def _without_copies(openings: Sequence[tuple[int, Suggestion]]) -> list[tuple[int, Suggestion]]:
    seen: list[tuple[str, dict[str, Any]]] = []
    kept = []
    for rank, found in openings:
        if (found.algorithm, found.params) not in seen:
            seen.append((found.algorithm, found.params))
            kept.append((rank, found))
    return kept
