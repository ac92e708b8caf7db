"""A predictor's configuration fitted again on other rows: nothing is searched or chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lamplighter.errors import TrainingError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.bagging import Bag, fit_bag
from lamplighter.training.conclude import distinct_encoders
from lamplighter.training.final_fit import BAGGED, fit_one
from lamplighter.training.folds import Folds, TrainingSet, finite_prediction
from lamplighter.training.members.algorithm import Algorithm, Member
from lamplighter.training.predictor import Predictor
from lamplighter.training.recipe import Prepared
from lamplighter.training.target import Target
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

_CHECKED_ROWS = 1_000


def fit_again(
    before: Predictor,
    members: Mapping[str, TrialRecord],
    data: TrainingSet,
    *,
    algorithms: Mapping[str, Algorithm],
    seed: int,
    threads: int,
    progress: Callable[[str], None] = lambda sentence: None,
) -> Predictor:
    """Fit the members of a predictor on other rows, and combine them as they were.

    Members get the parameters and rounds that they had, and encoders learn the new rows.
    Combination, calibration, the rule of decisions and intervals stay: they were learnt from rows
    that the members had not seen, and of these rows there are none here.

    Parameters
    ----------
    members : mapping of str to TrialRecord
        What each member of `before` was fitted by, with the rounds that it had.
    data : TrainingSet
        All rows that may be learnt from. Of a class that `before` does not know there is none.

    Raises
    ------
    TrainingError
        If a member cannot be fitted: a part of an ensemble is another model.
    """
    folds = _folds(before.target, data, seed=seed)
    workshop = Workshop(folds, algorithms, seed=seed, threads=threads)
    prepared: dict[str, Prepared] = {}
    encoders: list[FrameEncoder] = []
    fitted: list[Member] = []
    for name, member in zip(before.names, before.members, strict=True):
        trial = _with_rounds_of(member, members[name])
        recipe = workshop.recipe(trial.params)
        if recipe.key not in prepared:
            prepared[recipe.key] = workshop.everything(recipe)
        rows = prepared[recipe.key]
        progress(f"{name}: fitting again, on all {len(folds.y):,} rows")
        encoders.append(rows.encoder)
        fitted.append(_fitted(workshop, name, trial, rows))
    distinct, encoder_of = distinct_encoders(encoders)
    if before.intervals is not None:
        # What tells a row's spread was learnt from rows as they were encoded then.
        distinct = (before.encoders[0], *distinct)
        encoder_of = tuple(place + 1 for place in encoder_of)
    return replace(
        before, encoders=distinct, members=tuple(fitted), encoder_of=encoder_of, continued=""
    )


def _folds(target: Target, data: TrainingSet, *, seed: int) -> Folds:
    """Return the folds, with classes numbered as they were: a rare one may have gone since."""
    folds = Folds.of(data, seed=seed)
    if folds.target == target:
        return folds
    codes = pd.Index(list(target.classes)).get_indexer(pd.Index(np.asarray(data.y)))
    if (codes < 0).any():
        raise TrainingError(
            f"{int((codes < 0).sum())} of {len(codes)} rows are of a class that the model to be "
            "fitted again does not know; leave these rows out, or search anew"
        )
    return replace(folds, target=target, y=codes.astype(np.float64))


def _with_rounds_of(member: Member, trial: TrialRecord) -> TrialRecord:
    """Return a trial with the rounds that its member had; of a bag, those of its first one."""
    one = member.members[0] if isinstance(member, Bag) else member
    if "rounds" not in trial.params or one.rounds is None:
        return trial
    return replace(trial, params=trial.params | {"rounds": one.rounds})


def _fitted(workshop: Workshop, name: str, trial: TrialRecord, rows: Prepared) -> Member:
    if trial.algorithm not in workshop.algorithms:
        raise TrainingError(
            f"member {name} cannot be fitted again: there is no algorithm {trial.algorithm} any "
            "more; declare it in search.estimators as it was, or let a night search"
        )
    try:
        member: Member = (fit_bag if name == BAGGED else fit_one)(workshop, trial, rows)
        finite_prediction(name, member, rows.rows.head(_CHECKED_ROWS), threads=workshop.threads)
    except Exception as error:  # whatever a library does with rows that it has not met
        raise TrainingError(f"member {name} could not be fitted again: {error}") from error
    return member
