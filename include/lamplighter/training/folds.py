"""Training rows and their folds: encoding strictly from a fold's own training rows, and losses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from lamplighter.errors import TrainingError
from lamplighter.evaluation.metrics import Task, row_losses
from lamplighter.features.encode import FrameEncoder
from lamplighter.spec.features import Features
from lamplighter.training.members.algorithm import Member, Rows
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats, Target, encode_target

SAMPLED_ROWS = 50_000
"""Rows of a fold beyond which a sample tells good parameters from bad ones as well. Only the
members that are kept are fitted on all rows."""

SCORED_ROWS = 20_000
"""Validation rows that are enough to score a trial: the newest folds are taken until they hold so
many. On much data those are the weeks most like tonight, and the search sees more candidates in its
time; on little data they are all folds."""

Positions = NDArray[np.intp]


_AS_THE_DATA_SAYS = Features()


@dataclass(frozen=True)
class TrainingSet:
    """The rows that members are fitted on.

    Attributes
    ----------
    X : DataFrame, shape (n_rows, n_features)
        Raw features.
    y : array_like, shape (n_rows,)
        Targets as the data has them: classes of any kind, or numbers.
    folds : sequence of (training positions, validation positions)
        Oldest first where there is time.
    task : {"binary", "multiclass", "regression"}
    features : Features
        The spec's section: types of columns, selection, augmentation.
    """

    X: pd.DataFrame
    y: ArrayLike
    folds: Sequence[tuple[Positions, Positions]]
    task: Task
    features: Features = _AS_THE_DATA_SAYS


@dataclass(frozen=True)
class Fold:
    """A fold, encoded. `number` is its place among the folds of the training set."""

    number: int
    train: Rows
    validation: Rows


@dataclass(frozen=True)
class Folds:
    """The folds of a training set that can be learnt from, encoded when they are asked for."""

    data: TrainingSet
    target: Target
    y: Floats
    usable: tuple[int, ...]
    seed: int

    @classmethod
    def of(cls, data: TrainingSet, *, seed: int) -> Folds:
        """Check the target and leave out folds whose training rows hold a single class.

        Raises
        ------
        TrainingError
            If the target cannot be learnt, or no fold is left.
        """
        target, y = encode_target(data.y, data.task)
        usable = tuple(
            number
            for number, (train, validation) in enumerate(data.folds)
            if len(validation) and len(train) and _can_be_learnt(y[train], target)
        )
        if not usable:
            raise TrainingError(
                f"none of {len(data.folds)} folds can be learnt from: their training rows are "
                "empty, or all of one class; use fewer folds, or more training days"
            )
        return cls(data=data, target=target, y=y, usable=usable, seed=seed)

    @cached_property
    def in_time_order(self) -> bool:
        """Whether each fold trains on older rows only, so that the last one never helps others.

        A single fold is not, if its rows are sorted and some of those it trains on come last.
        """
        train, newest = map(np.asarray, self.data.folds[self.usable[-1]])
        if len(self.usable) == 1:
            return not ((np.diff(train) > 0).all() and train[-1] > newest[0])
        others = (self.data.folds[number][0] for number in self.usable[:-1])
        return not any(np.isin(newest, train).any() for train in others)

    @property
    def one_stretch(self) -> bool:
        """Whether all that judges is one stretch of time, which has a level of its own."""
        return self.in_time_order and len(self.usable) == 1

    @property
    def scored(self) -> tuple[int, ...]:
        """The folds that a trial is scored on, oldest first."""
        return self.newest(at_least=1, rows=SCORED_ROWS)

    def newest(self, *, at_least: int, rows: int) -> tuple[int, ...]:
        """Return the newest folds, oldest first, until their validation parts hold enough rows."""
        taken: list[int] = []
        found = 0
        for number in reversed(self.usable):
            if len(taken) >= at_least and found >= rows:
                break
            taken.append(number)
            found += len(self.data.folds[number][1])
        return tuple(reversed(taken))

    def training_rows(self, numbers: Sequence[int]) -> int:
        """Return how many rows members are fitted on, over the given folds."""
        return sum(min(len(self.data.folds[number][0]), SAMPLED_ROWS) for number in numbers)

    def positions(self, number: int) -> tuple[Positions, Positions]:
        """Return the rows that a fold is fitted on and validated by; large parts are sampled."""
        train, validation = (
            _sample(np.asarray(part), derive_seed(self.seed, "rows", number, name))
            for part, name in zip(self.data.folds[number], ("train", "validation"), strict=True)
        )
        return train, validation

    def encode(self, number: int) -> Fold:
        """Encode a fold as its own training rows teach; large parts are sampled."""
        train, validation = self.positions(number)
        frame = self.data.X.iloc[train]
        encoder = FrameEncoder.fit(frame)
        return Fold(
            number=number,
            train=Rows(encoder.transform(frame), self.y[train]),
            validation=Rows(encoder.transform(self.data.X.iloc[validation]), self.y[validation]),
        )


def task_loss(task: Task, y: Floats, prediction: Floats) -> float:
    """Return what search and ensemble minimise: log loss in nats, or the root mean square error."""
    mean = float(np.mean(row_losses(task, y, prediction)))
    return float(np.sqrt(mean)) if task == "regression" else mean


def finite_prediction(name: str, member: Member, rows: Rows, *, threads: int) -> Floats:
    """Predict, and refuse a member that answers with NaN or infinity."""
    with threadpool_limits(limits=threads):
        prediction = member.predict(rows.X, threads=threads)
    broken = int((~np.isfinite(prediction)).reshape(len(rows), -1).any(axis=1).sum())
    if broken:
        raise TrainingError(f"{name} predicts NaN or infinity for {broken} of {len(rows)} rows")
    return prediction


def _can_be_learnt(y: Floats, target: Target) -> bool:
    return target.task == "regression" or np.unique(y).size > 1


def _sample(positions: Positions, seed: int) -> Positions:
    if len(positions) <= SAMPLED_ROWS:
        return positions
    chosen = np.random.default_rng(seed).choice(len(positions), SAMPLED_ROWS, replace=False)
    return positions[np.sort(chosen)]
