"""Grid search over scikit-learn's ParameterGrid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.model_selection import ParameterGrid

from lamplighter.training.seeds import derive_seed
from lamplighter.training.space import Dimension, Range, Space
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import past_points
from lamplighter.tuning.methods.method import Spaces, Suggestion
from lamplighter.tuning.space import from_unit

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class GridSearch:
    """Every combination of a few values of each dimension, each once.

    The order is spread over the whole grid, and goes round the algorithms in turn, so that a
    budget that ends early has not seen one corner alone.

    Attributes
    ----------
    values : int
        How many values a range is cut into, on its scale, ends included. A range of whole numbers
        may hold fewer.
    """

    values: int = 3
    handles_branches = True

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Return the grid's next point that was not tried yet."""
        names = list(spaces)
        past = past_points(trials, spaces)
        turn = index % len(names)
        for name in names[turn:] + names[:turn]:
            tried = [point.params for point in past if point.algorithm == name]
            grid = ParameterGrid(grids(spaces[name], self.values))
            begin = derive_seed(seed, "grid", name)
            for params in _spread(grid, begin, index // len(names), at_most=len(tried) + 1):
                if params not in tried:
                    return Suggestion(name, params)
        return None


def grids(space: Space, values: int) -> list[dict[str, list[Any]]]:
    """Return a space as grids without branches, one for each set of options that has its own.

    Examples
    --------
    >>> from lamplighter.training.space import Branch, Choice
    >>> width = {"width": Range(8, 32, log=True, whole=True)}
    >>> grids({"layers": Choice((0, Branch(1, width)))}, 3)
    [{'layers': [0]}, {'layers': [1], 'width': [8, 16, 32]}]
    """
    found: list[dict[str, list[Any]]] = [{}]
    for name, dimension in space.items():
        parts = list(_parts(name, dimension, values))
        found = [grid | part for grid in found for part in parts]
    return found


def _parts(name: str, dimension: Dimension, values: int) -> Iterator[dict[str, list[Any]]]:
    if isinstance(dimension, Range):
        steps = [from_unit(dimension, step / (values - 1)) for step in range(values)]
        yield {name: list(dict.fromkeys(steps))}
        return
    plain = [value for value in dimension.values if not dimension.below(value)]
    if plain:
        yield {name: plain}
    for value in dimension.values:
        below: Mapping[str, Dimension] = dimension.below(value)
        if below:
            for grid in grids(below, values):
                yield {name: [value]} | grid


def _spread(
    grid: ParameterGrid, begin: int, place: int, *, at_most: int
) -> Iterator[dict[str, Any]]:
    """Yield points from a place on, in steps near the golden section, which miss none."""
    points = len(grid)
    step = max(1, round(points * _GOLDEN))
    while math.gcd(step, points) > 1:
        step += 1
    for number in range(min(at_most, points)):
        yield dict(grid[(begin + (place + number) * step) % points])
