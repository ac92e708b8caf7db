"""Quantile intervals of a regression: residuals of out-of-fold rows, scaled to the row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from lamplighter.features.encode import Encoded
from lamplighter.training.cross_fit import turns
from lamplighter.training.target import Floats

_ROWS_FOR_SCALE = 300
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Intervals:
    """Levels of the distribution around a prediction, shape (n_rows, n_levels).

    Attributes
    ----------
    levels : tuple of float
    factors : tuple of float
        What the spread of a row is multiplied by at each level.
    spread : estimator or None
        Expects the logarithm of a row's absolute error; None: the same for all rows.
    """

    levels: tuple[float, ...]
    factors: tuple[float, ...]
    spread: Any = field(compare=False)

    def around(self, prediction: Floats, X: Encoded) -> Floats:
        """Return the values at each level, never falling from one level to the next."""
        found = prediction[:, None] + _spread(self.spread, X)[:, None] * np.array(self.factors)
        return np.asarray(np.maximum.accumulate(found, axis=1))


def fit_intervals(
    levels: Sequence[float], y: Floats, prediction: Floats, X: Encoded, *, in_time_order: bool
) -> Intervals:
    """Conformalise the residuals of rows that the prediction was not fitted on.

    Residuals are divided by what trees expect of them on rows they were not fitted on, so that
    a row that is hard to predict gets a wider interval; their order statistics, at ``n + 1`` times
    the level, cover a fresh row with the level's probability at least, if rows are exchangeable
    [1]_ [2]_.

    Parameters
    ----------
    levels : sequence of float in (0, 1)
        Rising.
    y, prediction : ndarray of float, shape (n_rows,)
    X : Encoded
        The same rows.

    References
    ----------
    .. [1] J. Lei, M. G'Sell, A. Rinaldo, R. Tibshirani and L. Wasserman, "Distribution-free
       predictive inference for regression", Journal of the American Statistical Association 113,
       2018, on locally weighted intervals.
    .. [2] Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS 2019.
    """
    residuals = y - prediction
    if len(y) < _ROWS_FOR_SCALE:
        return Intervals(tuple(levels), _quantiles(levels, residuals), None)
    scaled = []
    for turn in turns(len(y), in_time_order=in_time_order):
        model = _fit_spread(X.rows(turn.learnt), residuals[turn.learnt])
        scaled.append(residuals[turn.judged] / _spread(model, X.rows(turn.judged)))
    factors = _quantiles(levels, np.concatenate(scaled))
    return Intervals(tuple(levels), factors, _fit_spread(X, residuals))


def _quantiles(levels: Sequence[float], values: Floats) -> tuple[float, ...]:
    """Return order statistics that err to the outside: upwards above a half, downwards below."""
    ordered, n = np.sort(values), len(values)
    places = [
        np.ceil((n + 1) * level) - 1 if level >= 0.5 else np.floor((n + 1) * level) - 1
        for level in levels
    ]
    return tuple(float(ordered[int(np.clip(place, 0, n - 1))]) for place in places)


def _fit_spread(X: Encoded, residuals: Floats) -> Any:
    floor = max(float(np.abs(residuals).mean()) * 1e-3, _SMALLEST)
    model = HistGradientBoostingRegressor(
        max_iter=60,
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=max(20, len(residuals) // 50),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    # scikit-learn cannot bin a column that holds nothing, and no tree asks one of zeros.
    values = np.where(np.isnan(X.values).all(axis=0), 0.0, X.values)
    return model.fit(values, np.log(np.abs(residuals) + floor))


def _spread(model: Any, X: Encoded) -> Floats:
    return np.ones(len(X)) if model is None else np.exp(np.asarray(model.predict(X.values)))
