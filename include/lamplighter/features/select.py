"""Selection: which features a model is fitted on, chosen from training rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lamplighter.errors import DataError
from lamplighter.features.column import Floats
from lamplighter.features.eliminate import eliminate
from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.features.kinds import why_unusable
from lamplighter.features.univariate import score_columns
from lamplighter.spec.features import Images, Selection

_JUDGED_ROWS = 10_000


def usable_features(X: pd.DataFrame) -> tuple[list[str], dict[str, str]]:
    """Divide columns into those that can be features and those that cannot, with the reason.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Raw features of the training rows only.

    Returns
    -------
    kept : list of str
        Names in the order of `X`.
    dropped : dict of str to str
        The other names, each with the reason.

    Raises
    ------
    DataError
        If no feature is left.
    """
    dropped = {
        str(name): reason for name in X.columns if (reason := why_unusable(X[name])) is not None
    }
    kept = [str(name) for name in X.columns if name not in dropped]
    if not kept:
        raise DataError(
            f"no feature is left of {X.shape[1]} columns ({_first_reasons(dropped)}); "
            "make more features"
        )
    return kept, dropped


def refuse_other_pixels(features: Sequence[str], images: Images | None) -> None:
    """Raise a `DataError` if there are more or fewer features than an image has pixels."""
    if images is None:
        return
    found = sum(name.startswith(images.columns) for name in features)
    if found != images.height * images.width:
        raise DataError(
            f"{found} features begin with {images.columns!r}, expected {images.height} x "
            f"{images.width} = {images.height * images.width} pixels; correct features.images"
        )


def select(
    encoder: FrameEncoder,
    X: Encoded,
    y: Floats,
    *,
    selection: Selection,
    task: str,
    seed: int,
) -> tuple[str, ...]:
    """Name the features to fit on, in their order.

    A feature that becomes several columns is as good as the best of them. If a rule leaves
    nothing, all features stay.

    Parameters
    ----------
    encoder : FrameEncoder
        Fitted on the training rows.
    X : Encoded
        The training rows, as `FrameEncoder.learn` returned them.
    y : ndarray of float, shape (n_rows,)
        Their targets: codes of classes, or numbers.
    selection : Selection
        `variance` drops numbers whose variance is at most `min_variance`, and categories with a
        single level; `univariate` keeps the `keep_fraction` with the best score; `recursive`
        drops the least important quarter again and again until that fraction is left.
    task : {"binary", "multiclass", "regression"}
    seed : int
        Of the trees that `recursive` asks.
    """
    if selection.method in ("none", "auto"):
        return encoder.names
    if selection.method == "variance":
        return _named(encoder, _varying(X, selection.min_variance))
    keep = max(1, round(selection.keep_fraction * len(encoder.names)))
    if keep >= len(encoder.names):
        return encoder.names
    some = np.linspace(0, len(X) - 1, min(len(X), _JUDGED_ROWS)).astype(np.intp)
    X, y = X.rows(some), y[some]
    if selection.method == "recursive":
        kept = eliminate(X.values, y, encoder.sources, keep=keep, task=task, seed=seed)
    else:
        scores = score_columns(X, y, score=selection.score, task=task)
        best = np.full(len(encoder.names), -np.inf)
        np.maximum.at(best, encoder.sources, scores)
        # A stable sort, so that ties fall by the order of the features.
        kept = np.argsort(-best, kind="stable")[:keep]
    return tuple(encoder.names[place] for place in sorted(kept))


def _varying(X: Encoded, min_variance: float) -> NDArray[np.bool_]:
    varying = np.zeros(X.values.shape[1], dtype=bool)
    for column, values in enumerate(X.values.T):
        known = values[~np.isnan(values)]
        if X.categorical[column]:
            levels = np.unique(known).size + (known.size < values.size)
            varying[column] = levels > 1
        else:
            varying[column] = known.size > 0 and known.var() > min_variance
    return varying


def _named(encoder: FrameEncoder, columns: NDArray[np.bool_]) -> tuple[str, ...]:
    places = np.unique(encoder.sources[columns])
    return tuple(encoder.names[place] for place in places) or encoder.names


def _first_reasons(dropped: Mapping[str, str]) -> str:
    first = [f"{name}: {reason}" for name, reason in list(dropped.items())[:3]]
    return "; ".join(first) if first else "no column was given"
