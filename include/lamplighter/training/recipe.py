"""The recipe of a trial: how its training rows are encoded, selected and augmented.

A recipe is fitted on a fold's own training rows; validation rows are only ever encoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lamplighter.evaluation.metrics import Task
from lamplighter.features.encode import FrameEncoder
from lamplighter.spec.features import Augmentation, Features, Selection
from lamplighter.training.members.algorithm import Member, Rows
from lamplighter.training.space import Dimension
from lamplighter.training.target import Floats, Target


@dataclass(frozen=True)
class Prepared:
    """Training rows as a recipe makes them.

    Attributes
    ----------
    encoder : FrameEncoder
        Encodes rows of validation and of production in the same way, with the same features.
    rows : Rows
        What a member is fitted on; augmentation may have weighted or multiplied them.
    """

    encoder: FrameEncoder
    rows: Rows

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the features that selection kept."""
        return self.encoder.names

    def finish(self, member: Member) -> Member:
        """Return a member that was fitted on the rows, with what it needs to be used elsewhere.

        Balanced classes make rare ones too likely; the member that comes back takes that off.
        """
        return member


@dataclass(frozen=True)
class Recipe:
    """How a frame of training rows becomes what a member is fitted on.

    Examples
    --------
    >>> Recipe.split({"C": 1.0, "select.method": "variance"})
    ({'select.method': 'variance'}, {'C': 1.0})
    """

    features: Features
    select: Selection
    augment: Augmentation

    @classmethod
    def of(cls, params: Mapping[str, Any], features: Features) -> Recipe:
        """Read the recipe from a trial's parameters; what they leave out is as the spec says.

        Where the spec says `auto` and the parameters nothing, nothing is selected or augmented.
        """
        return cls(features, features.select, features.augment)

    @staticmethod
    def split(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Divide a trial's parameters into those of the recipe, with a dot, and the member's."""
        recipe = {name: value for name, value in params.items() if "." in name}
        return recipe, {name: value for name, value in params.items() if "." not in name}

    @property
    def key(self) -> str:
        """A name that equal recipes share, so that a fold is prepared once for all of them."""
        parts = {
            name: getattr(self, name).model_dump(mode="json") for name in ("select", "augment")
        }
        return json.dumps(parts, sort_keys=True)

    def prepare(
        self, frame: pd.DataFrame, y: Floats, *, target: Target, seed: int, in_time_order: bool
    ) -> Prepared:
        """Learn from training rows how to encode them, and make of them what is fitted.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_features)
            Raw features of the training rows, oldest first where `in_time_order`.
        y : ndarray of float, shape (n_rows,)
            Their encoded targets.
        seed : int
            Of the fold, not of the trial: trials with the same recipe share its rows.
        in_time_order : bool
            Whether a row may only learn from rows above it.
        """
        encoder = FrameEncoder.fit(frame)
        return Prepared(encoder, Rows(encoder.transform(frame), y))


def recipe_dimensions(
    features: Features, *, task: Task, frame: pd.DataFrame | None = None
) -> dict[str, Dimension]:
    """Return the dimensions of the recipe that the spec leaves to the search by `auto`.

    The first option of each is the plain one: nothing selected, nothing augmented. With a `frame`
    of features, only what fits its columns is offered.
    """
    return {}
