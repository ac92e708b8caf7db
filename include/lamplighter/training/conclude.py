"""What comes after the weights: calibration, the decision of least cost, intervals."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamplighter.features.encode import FrameEncoder
from lamplighter.spec.search import Ensemble
from lamplighter.training.calibration import choose_calibration
from lamplighter.training.combine import Combiner
from lamplighter.training.final_fit import Fitted
from lamplighter.training.folds import Folds, Positions
from lamplighter.training.predictor import Predictor
from lamplighter.training.quantiles import fit_intervals
from lamplighter.training.target import Floats
from lamplighter.training.threshold import Costs, fit_cost_rule


def conclude(
    folds: Folds,
    names: Sequence[str],
    combiner: Combiner,
    fitted: Mapping[str, Fitted],
    *,
    rows: Positions,
    prediction: Floats | None,
    settings: Ensemble,
    costs: Costs,
) -> Predictor:
    """Make the predictor of fitted members.

    Parameters
    ----------
    names : sequence of str
        The members, in the order in which `combiner` takes their predictions.
    rows : ndarray of int, shape (n_judged,)
        Positions of training rows that were predicted out of fold.
    prediction : ndarray or None
        What the combination says of them, without having learnt from them; None: nothing is known
        of rows that the members have not seen, so nothing is calibrated. Nor is it by itself where
        one stretch of time is all that judges: calibration would learn the level of that stretch.
    """
    target, ordered = folds.target, folds.in_time_order
    encoders, encoder_of = distinct_encoders([fitted[name].encoder for name in names])
    calibration = rule = intervals = None
    y = folds.y[rows]
    of_a_week = folds.one_stretch and settings.calibrate == "auto"
    if prediction is not None and not of_a_week:
        calibration = choose_calibration(
            target.task, y, prediction, among=settings.calibrate, in_time_order=ordered
        )
    if calibration is not None and prediction is not None:
        prediction = calibration.apply(prediction)
    if costs:
        rule = fit_cost_rule(costs, target, y=y, prediction=prediction, in_time_order=ordered)
    if settings.quantiles and prediction is not None:
        X = encoders[0].transform(folds.data.X.iloc[rows])
        # These rows taught the means: by them, errors would look smaller than those of fresh rows.
        X = replace(X, values=np.where(encoders[0].taught, 0.0, X.values))
        intervals = fit_intervals(settings.quantiles, y, prediction, X, in_time_order=ordered)
    return Predictor(
        target=target,
        encoders=encoders,
        members=tuple(fitted[name].member for name in names),
        encoder_of=encoder_of,
        names=tuple(names),
        combiner=combiner,
        calibration=calibration,
        rule=rule,
        intervals=intervals,
    )


def distinct_encoders(
    encoders: Sequence[FrameEncoder],
) -> tuple[tuple[FrameEncoder, ...], tuple[int, ...]]:
    """Return each encoder once, and the place of each member's."""
    contents = [pickle.dumps(encoder, protocol=5) for encoder in encoders]
    order = list(dict.fromkeys(contents))
    firsts = tuple(encoders[contents.index(content)] for content in order)
    return firsts, tuple(order.index(content) for content in contents)
