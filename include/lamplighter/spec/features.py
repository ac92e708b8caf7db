"""The spec's section `features`: types of columns, selection, augmentation."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.values import DottedPath, Section

FeatureType = Literal["number", "category", "boolean", "date", "text"]


class Selection(Section):
    """Which features are kept."""

    method: Literal["none", "variance", "univariate", "recursive", "auto"] = Field(
        default="none",
        description="`auto` tries none and the others inside the folds, and keeps what wins.",
    )
    min_variance: float = Field(default=0.0, ge=0, description="For variance: drop at or below.")
    keep_fraction: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="For univariate and recursive: share of the features to keep.",
    )
    score: Literal["mutual_information", "f", "chi2"] = Field(
        default="mutual_information", description="For univariate: what ranks the features."
    )


class Augmentation(Section):
    """How training rows are weighted or multiplied; rows of validation never are."""

    method: Literal["none", "class_weights", "oversample", "noise", "images", "words", "auto"] = (
        Field(
            default="none",
            description="`auto` tries what fits the data, and keeps it only if validation gains.",
        )
    )
    strength: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="How far: towards balanced classes, of noise in standard deviations / 10, "
        "of shifts in eighths of an image, of words dropped in fifths.",
    )
    transforms: tuple[Literal["shift", "scale", "crop", "flip"], ...] = Field(
        default=("shift",),
        min_length=1,
        description="For images: what each copy of an image has one of. `auto` tries each alone.",
    )


class Images(Section):
    """Features that are the pixels of an image, row by row from the top left."""

    columns: str = Field(description="What the names of the pixel columns begin with.")
    height: int = Field(ge=2, le=512)
    width: int = Field(ge=2, le=512)


class Features(Section):
    """How features are made from the tables."""

    function: DottedPath | None = Field(
        default=None,
        description="Function (examples, view) -> DataFrame with a row per example. Without it: "
        "the columns of the examples table.",
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that are not features.")
    types: dict[str, FeatureType] = Field(
        default_factory=dict,
        description="Types of features that are not to be read from the data, such as a number "
        "that is a category, or long text.",
    )
    optional: tuple[str, ...] = Field(
        default=(), description="Features that may be missing when scoring; they count as empty."
    )
    target_means: Literal["none", "always", "auto"] = Field(
        default="none",
        description="Whether categories of more than 30 levels also become smoothed means of the "
        "target at each level, never told a row's own. `auto` tries both, and keeps what wins.",
    )
    images: Images | None = None
    select: Selection = Selection()
    augment: Augmentation = Augmentation()
    accept: dict[str, str] = Field(
        default_factory=dict,
        description="Features that the leakage check accepts, each with the reason.",
    )

    @model_validator(mode="after")
    def _images_for_their_augmentation(self) -> Self:
        if self.augment.method == "images" and self.images is None:
            raise ValueError(
                "augment.method is images, so `images` must say which columns are pixels and the "
                "height and width"
            )
        return self

    @model_validator(mode="after")
    def _texts_for_their_augmentation(self) -> Self:
        if self.augment.method == "words" and "text" not in self.types.values():
            raise ValueError(
                "augment.method is words, which changes texts, and `types` names no column as "
                "text; set features.types, such as {review: text}, or choose another method"
            )
        return self
