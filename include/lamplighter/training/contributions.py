"""Reason codes: how much each feature of a row moved its score away from that of a typical row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lamplighter.training.scorer import Scorer
from lamplighter.training.target import Floats

_SMALLEST = 1e-9


@dataclass(frozen=True)
class Contributions:
    """What each feature contributed.

    Attributes
    ----------
    features : tuple of str
    base : ndarray of float, shape (n_rows,)
        Score of the typical row; with several classes, for the class that is predicted.
    values : ndarray of float, shape (n_rows, n_features)
        ``base + values.sum(axis=1)`` is the row's score.
    """

    features: tuple[str, ...]
    base: Floats
    values: Floats


def contributions(
    scorer: Scorer, X: pd.DataFrame, typical: pd.DataFrame, *, threads: int = 1
) -> Contributions:
    r"""Attribute each row's score to its features, against a typical row.

    One feature after the other takes the row's value in place of the typical one, first in the
    model's order and then in the reverse, and is given the mean of its two steps. That is the
    Shapley value of a game in which absent features are typical [1]_, estimated from a permutation
    and its reverse [2]_: exact for models that add up effects of single features and of pairs, and
    with a sum that is exact for every model.

    Scores are log-odds of the positive class (binary) or of the predicted class against all
    others (multiclass), and the value itself (regression).

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Raw features, with at least `scorer.features`.
    typical : DataFrame, one row
        What stands for a feature that is left out, such as medians of the training data.

    References
    ----------
    .. [1] M. Sundararajan and A. Najmi, "The many Shapley values for model explanation", ICML 2020.
    .. [2] R. Mitchell, J. Cooper, E. Frank and G. Holmes, "Sampling permutations for Shapley value
       estimation", Journal of Machine Learning Research 23, 2022.
    """
    names = tuple(scorer.features)
    rows = X[list(names)]
    predicted = scorer.predict(rows, threads=threads)
    classes = predicted.argmax(axis=1) if predicted.ndim == 2 else None

    def score(frame: pd.DataFrame) -> Floats:
        return _scores(scorer.predict(frame, threads=threads), scorer.task, classes)

    base = score(_all_typical(rows, typical))
    values = np.zeros((len(rows), len(names)))
    for order in (names, names[::-1]):
        mixed, before = _all_typical(rows, typical), base
        for name in order:
            mixed[name] = rows[name]
            now = score(mixed)
            values[:, names.index(name)] += (now - before) / 2
            before = now
    return Contributions(features=names, base=base, values=values)


def _all_typical(rows: pd.DataFrame, typical: pd.DataFrame) -> pd.DataFrame:
    repeated = typical[list(rows.columns)].take(np.zeros(len(rows), dtype=np.intp))
    return repeated.set_axis(rows.index)


def _scores(predicted: Floats, task: str, classes: np.ndarray | None) -> Floats:
    if task == "regression":
        return predicted
    if classes is not None:
        predicted = predicted[np.arange(len(predicted)), classes]
    likely = np.clip(predicted, _SMALLEST, 1 - _SMALLEST)
    return np.asarray(np.log(likely / (1 - likely)))
