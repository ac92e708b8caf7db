"""Bayesian optimisation with Gaussian processes, by the library bayesian-optimization."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from bayes_opt import TargetSpace, acquisition
from bayes_opt.parameter import wrap_kernel
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from lamplighter.errors import SpecError
from lamplighter.training.space import Choice, Dimension, Space, is_conditional
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import Past, worth_keeping
from lamplighter.tuning.methods.learning import suggest_learnt
from lamplighter.tuning.methods.method import Spaces, Suggestion
from lamplighter.tuning.space import from_unit, to_unit

_MOST_POINTS = 80
_CANDIDATES = 400
_ZOOMS = (0.2, 0.05, 0.0125)
_BAD = 3.0
_NOISE = 1e-2
_LENGTHS = (0.1, 0.2, 0.35, 0.6, 1.0, 2.0)


class GaussianProcesses:
    """Goes where a Gaussian process hopes for least loss [1]_.

    Each algorithm has a process of its own, on the unit cube: ranges on their own scale, options
    one-hot. The bound's factor is drawn anew for each trial [2]_, so that workers who ask at the
    same moment look in different places.

    References
    ----------
    .. [1] N. Srinivas, A. Krause, S. Kakade and M. Seeger, "Gaussian process optimization in the
       bandit setting: no regret and experimental design", 2010.
    .. [2] F. Hutter, H. Hoos and K. Leyton-Brown, "Parallel algorithm configuration", 2012.
    """

    handles_branches = False

    def suggest(
        self, index: int, *, seed: int, spaces: Spaces, trials: Sequence[TrialRecord]
    ) -> Suggestion | None:
        """Suggest by the process of the algorithm that promises most.

        Raises
        ------
        SpecError
            If a space has branches.
        """
        for name, space in spaces.items():
            if is_conditional(space):
                raise SpecError(
                    f"gp cannot search the space of {name}, in which some parameters exist only "
                    "beside others; choose grid, random, tpe or anneal, or fix those parameters in "
                    f"search.space.{name}"
                )
        return suggest_learnt(_propose, index, seed=seed, spaces=spaces, trials=trials)


def _propose(space: Space, points: Sequence[Past], seed: int) -> dict[str, Any]:
    if not space:
        return {}
    random = np.random.RandomState(seed)
    process = _fitted(space, worth_keeping(points, _MOST_POINTS))
    bound = acquisition.UpperConfidenceBound(kappa=float(random.exponential()))

    def best_near(centre: Floats, reach: float) -> tuple[float, Floats]:
        sides = zip(_sides(space), centre - reach, centre + reach, strict=True)
        part = TargetSpace(
            None, {side: (max(0.0, low), min(1.0, high)) for side, low, high in sides}
        )
        part.register(centre, 0.0)
        x = bound.suggest(
            process, part, n_random=_CANDIDATES, n_smart=0, fit_gp=False, random_state=random
        )
        mean, spread = process.predict(x[None, :], return_std=True)
        return float(bound.base_acq(mean, spread)[0]), x

    found = best_near(np.full(len(_sides(space)), 0.5), 0.5)
    for reach in _ZOOMS:
        found = max(found, best_near(found[1], reach), key=lambda pair: pair[0])
    return _from_cube(space, found[1])


def _fitted(space: Space, points: Sequence[Past]) -> GaussianProcessRegressor:
    losses = np.array([past.loss for past in points])
    # A few losses far off would make all others look alike.
    best, middle = losses.min(), float(np.median(losses))
    y = -np.minimum(losses, middle + _BAD * (middle - best))
    kernel = wrap_kernel(
        Matern(length_scale=0.5, nu=2.5), transform=partial(_as_tried, _option_columns(space))
    )
    process = GaussianProcessRegressor(
        kernel, alpha=_NOISE, normalize_y=True, optimizer=_likeliest_length
    )
    return process.fit(np.array([_to_cube(space, past.params) for past in points]), y)


def _likeliest_length(
    surprise: Callable[..., float], _: Floats, *, bounds: Floats
) -> tuple[Floats, float]:
    """Choose the length scale among a few: a search between them takes ten times as long."""
    tried = [np.log([length]) for length in _LENGTHS]
    found = [surprise(theta, eval_gradient=False) for theta in tried]
    best = int(np.argmin(found))
    return tried[best], found[best]


def _sides(space: Space) -> list[str]:
    return [
        f"{name}/{number}"
        for name, dimension in space.items()
        for number in range(_width(dimension))
    ]


def _width(dimension: Dimension) -> int:
    return len(dimension.options) if isinstance(dimension, Choice) else 1


def _to_cube(space: Space, params: Mapping[str, Any]) -> Floats:
    parts = [
        np.eye(len(dimension.options))[dimension.values.index(params[name])]
        if isinstance(dimension, Choice)
        else np.array([to_unit(dimension, params[name])])
        for name, dimension in space.items()
    ]
    return np.concatenate(parts)


def _from_cube(space: Space, x: Floats) -> dict[str, Any]:
    params: dict[str, Any] = {}
    start = 0
    for name, dimension in space.items():
        part = x[start : start + _width(dimension)]
        start += len(part)
        if isinstance(dimension, Choice):
            params[name] = dimension.values[int(np.argmax(part))]
        else:
            params[name] = from_unit(dimension, float(part[0]))
    return params


def _option_columns(space: Space) -> list[slice]:
    """Return which columns of the cube are the options of one choice."""
    ends = np.cumsum([_width(dimension) for dimension in space.values()])
    return [
        slice(int(end) - _width(dimension), int(end))
        for dimension, end in zip(space.values(), ends, strict=True)
        if isinstance(dimension, Choice)
    ]


def _as_tried(options: Sequence[slice], X: Floats) -> Floats:
    """Move each place between options to the option that a trial there would take."""
    X = np.array(X, ndmin=2)
    for columns in options:
        part = X[:, columns]
        X[:, columns] = np.eye(part.shape[1])[part.argmax(axis=1)]
    return X
