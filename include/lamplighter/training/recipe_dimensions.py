"""What of a recipe is searched, where the spec says `auto`."""

from __future__ import annotations

import pandas as pd

from lamplighter.evaluation.metrics import Task
from lamplighter.features.category import FEW_LEVELS
from lamplighter.features.kinds import read_kind
from lamplighter.spec.features import Features
from lamplighter.training.recipe import TARGET_MEANS
from lamplighter.training.space import Branch, Choice, Dimension, Plain

_FEWEST_FEATURES = 4
_KEEP = Choice((0.5, 0.75, 0.25))
_STRENGTH = Choice((0.5, 1.0, 0.25))
_SCORES = Choice(("mutual_information", "f", "chi2"))


def recipe_dimensions(
    features: Features, *, task: Task, frame: pd.DataFrame | None = None
) -> dict[str, Dimension]:
    """Return the dimensions of the recipe that the spec leaves to the search by `auto`.

    The first option of each is the plain one: no means, nothing selected, nothing augmented. With
    a `frame` of features, only what fits its columns is offered. What is chosen from are a few
    values, so that trials share prepared folds.
    """
    found: dict[str, Dimension] = {}
    if features.target_means == "auto" and (frame is None or _has_many_levels(features, frame)):
        found[TARGET_MEANS] = Choice((False, True))
    if features.select.method == "auto" and (frame is None or frame.shape[1] >= _FEWEST_FEATURES):
        found["select.method"] = Choice(
            (
                "none",
                "variance",
                Branch("univariate", {"select.keep": _KEEP, "select.score": _SCORES}),
                Branch("recursive", {"select.keep": _KEEP}),
            )
        )
    if features.augment.method == "auto":
        methods = _methods(features, task, frame)
        if len(methods) > 1:
            found["augment.method"] = Choice(tuple(methods))
    return found


def _methods(features: Features, task: Task, frame: pd.DataFrame | None) -> list[Plain | Branch]:
    stronger = {"augment.strength": _STRENGTH}
    methods: list[Plain | Branch] = ["none"]
    if task != "regression":
        methods += [Branch("class_weights", stronger), Branch("oversample", stronger)]
    if features.images is not None:
        transform = Choice(("shift", "scale", "crop", "flip"))
        methods.append(Branch("images", {**stronger, "augment.transform": transform}))
        return methods
    kinds = _kinds(features, frame)
    if "number" in kinds:
        methods.append(Branch("noise", stronger))
    if "text" in kinds:
        methods.append(Branch("words", stronger))
    return methods


def _has_many_levels(features: Features, frame: pd.DataFrame) -> bool:
    return any(
        (features.types.get(str(name)) or read_kind(frame[name])) == "category"
        and frame[name].nunique() > FEW_LEVELS
        for name in frame.columns
    )


def _kinds(features: Features, frame: pd.DataFrame | None) -> set[str]:
    if frame is None:
        return {"number", "text"}
    return {str(features.types.get(str(name)) or read_kind(frame[name])) for name in frame.columns}
