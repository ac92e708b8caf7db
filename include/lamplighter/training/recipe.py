"""The recipe of a trial: how its training rows are encoded, selected and augmented.

A recipe is fitted on a fold's own training rows; validation rows are only ever encoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.features.select import select
from lamplighter.features.target_means import Teacher
from lamplighter.spec.features import Augmentation, Features, Selection
from lamplighter.training import augment
from lamplighter.training.augment import Augmented
from lamplighter.training.members.algorithm import Member, Rows
from lamplighter.training.members.reweighed import Reweighed
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats, Target

TARGET_MEANS = "encode.target_means"

_SELECT = {"method": "method", "keep": "keep_fraction", "score": "score"}
_AUGMENT = {"method": "method", "strength": "strength", "transform": "transforms"}


@dataclass(frozen=True)
class Prepared:
    """Training rows as a recipe makes them.

    Attributes
    ----------
    encoder : FrameEncoder
        Encodes rows of validation and of production in the same way, with the same features.
    rows : Rows
        What a member is fitted on; augmentation may have weighted or multiplied them.
    balance : tuple of float
        How many times as much each class counts as in the data; empty where nothing was balanced.
    """

    encoder: FrameEncoder
    rows: Rows
    balance: tuple[float, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the features that selection kept."""
        return self.encoder.names

    def finish(self, member: Member) -> Member:
        """Return a member that was fitted on the rows, with what it needs to be used elsewhere.

        Balanced classes make rare ones too likely; the member that comes back takes that off.
        """
        return Reweighed(member, self.balance) if self.balance else member


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
    target_means: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any], features: Features) -> Recipe:
        """Read the recipe from a trial's parameters; what they leave out is as the spec says.

        Where the spec says `auto` and the parameters nothing, nothing is selected or augmented.
        """
        return cls(
            features,
            features.select.model_copy(update=_given(params, "select", _SELECT)),
            features.augment.model_copy(update=_given(params, "augment", _AUGMENT)),
            bool(params.get(TARGET_MEANS, features.target_means == "always")),
        )

    @staticmethod
    def split(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Divide a trial's parameters into those of the recipe, with a dot, and the member's."""
        recipe = {name: value for name, value in params.items() if "." in name}
        return recipe, {name: value for name, value in params.items() if "." not in name}

    @property
    def key(self) -> str:
        """A name that equal recipes share, so that a fold is prepared once for all of them."""
        found: dict[str, Any] = {TARGET_MEANS: True} if self.target_means else {}
        for name, part in (("select", self.select), ("augment", self.augment)):
            if part.method not in ("none", "auto"):
                found[name] = part.model_dump(mode="json")
        return json.dumps(found, sort_keys=True)

    @property
    def selects(self) -> bool:
        """Whether some features may be left out."""
        return self.select.method not in ("none", "auto")

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
        encoder, X, kept = self._selected(frame, y, target, seed, in_time_order)
        # Before the rest is left out: an image is moved with all of its pixels.
        made = self._augmented(Rows(X, y), encoder, frame, target, derive_seed(seed, "augment"))
        if len(kept) == len(encoder.names):
            return Prepared(encoder, made.rows, made.balance)
        rows = replace(made.rows, X=encoder.part(made.rows.X, kept))
        return Prepared(encoder.keeping(kept), rows, made.balance)

    def kept(
        self, frame: pd.DataFrame, y: Floats, *, target: Target, seed: int, in_time_order: bool
    ) -> tuple[str, ...]:
        """Name the features that `prepare` would keep."""
        return self._selected(frame, y, target, seed, in_time_order)[2]

    def _selected(
        self, frame: pd.DataFrame, y: Floats, target: Target, seed: int, in_time_order: bool
    ) -> tuple[FrameEncoder, Encoded, tuple[str, ...]]:
        teacher = Teacher.of(
            y, classes=len(target), in_time_order=in_time_order, seed=derive_seed(seed, "means")
        )
        encoder, X = FrameEncoder.learn(
            frame,
            types=self.features.types,
            optional=self.features.optional,
            teacher=teacher if self.target_means else None,
        )
        kept = select(
            encoder,
            X,
            y,
            selection=self.select,
            task=target.task,
            seed=derive_seed(seed, "select"),
        )
        return encoder, X, kept

    def _augmented(
        self, rows: Rows, encoder: FrameEncoder, frame: pd.DataFrame, target: Target, seed: int
    ) -> Augmented:
        method, strength = self.augment.method, self.augment.strength
        classes = len(target)
        if method == "class_weights" and classes:
            return augment.class_weights(rows, classes=classes, strength=strength)
        if method == "oversample" and classes:
            return augment.oversample(rows, classes=classes, strength=strength, seed=seed)
        if method == "noise":
            return augment.noise(rows, encoder, strength=strength, seed=seed)
        if method == "words":
            return augment.words(rows, encoder, frame, strength=strength, seed=seed)
        shape = self.features.images
        if method == "images" and shape is not None:
            return augment.images(
                rows,
                encoder,
                shape=shape,
                transforms=self.augment.transforms,
                strength=strength,
                seed=seed,
            )
        return Augmented(rows)


def _given(params: Mapping[str, Any], section: str, names: Mapping[str, str]) -> dict[str, Any]:
    found = {
        field: params[f"{section}.{name}"]
        for name, field in names.items()
        if f"{section}.{name}" in params
    }
    if "transforms" in found:
        found["transforms"] = (found["transforms"],)
    return found
