"""The spec's sections below `gate` that say what a candidate must be, whoever is champion."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.values import Section

Told = Literal["note", "reject"]
Rejects = Literal["surely_beyond", "not_surely_within"]
Value = str | int | float | bool

_ABOUT_REJECTS = (
    "surely_beyond: the interval lies beyond the limit, with the chance of a single wrong "
    "rejection shared out over all that the section measures. not_surely_within: the interval "
    "reaches beyond the limit."
)
_ABOUT_MISSING = "What follows of one that is missing, too small, or cannot be measured."


class Slicing(Section):
    """How a column is cut into slices: by its values unless said, a number of many into four."""

    values: tuple[Value, ...] = Field(
        default=(), description="Only these values, one slice each; also if they are missing."
    )
    edges: tuple[float, ...] = Field(
        default=(), description="For a number: where one slice ends and the next begins."
    )
    bins: int | None = Field(
        default=None, ge=2, le=20, description="For a number: as many parts of equal training rows."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        said = [key for key in ("values", "edges", "bins") if getattr(self, key)]
        if len(said) > 1:
            raise ValueError(f"{said[1]} stands beside {said[0]}; give one of them")
        if not all(map(math.isfinite, self.edges)) or list(self.edges) != sorted(set(self.edges)):
            raise ValueError(
                f"edges are {', '.join(f'{edge:g}' for edge in self.edges)}; give finite numbers "
                "that rise"
            )
        if len(set(map(str, self.values))) < len(self.values):
            raise ValueError("values names one twice")
        return self


class Limit(Section):
    """The most by which a number may be worse than the champion's, and the worst it may be."""

    worse_by: float | None = Field(
        default=None, ge=0, description="Most by which it may be worse than the champion's."
    )
    bound: float | None = Field(
        default=None, allow_inf_nan=False, description="The worst value it may have."
    )
    reject: Rejects = Field(default="surely_beyond", description=_ABOUT_REJECTS)


class Slices(Limit):
    """A metric on parts of the hold-out. Without a limit it is only shown."""

    by: dict[str, Slicing] = Field(
        min_length=1, description="Features, or columns of the examples table that need not be."
    )
    metric: str | None = Field(default=None, description="The metric; the task's loss unless said.")
    min_rows: int = Field(default=100, ge=2, description="Fewer rows are not judged.")
    missing: Told = Field(default="note", description=_ABOUT_MISSING)


class FairnessLimits(Section):
    """Most by which two groups may differ."""

    demographic_parity_difference: float | None = Field(
        default=None, ge=0, le=1, description="In the share that is decided for."
    )
    demographic_parity_ratio: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Least ratio of the smaller share to the larger, such as 0.8.",
    )
    equal_opportunity_difference: float | None = Field(
        default=None, ge=0, le=1, description="In the share of positives that is decided for."
    )
    equalized_odds_difference: float | None = Field(
        default=None, ge=0, le=1, description="In that share, and in that of the negatives."
    )

    @property
    def given(self) -> dict[str, float]:
        """The limits that are set, by name."""
        return {name: limit for name, limit in self if limit is not None}


class Fairness(Section):
    """How differently groups are treated. Without limits it is only shown."""

    by: dict[str, Slicing] = Field(
        min_length=1, description="Features, or columns of the examples table that need not be."
    )
    limits: FairnessLimits = FairnessLimits()
    min_rows: int = Field(default=100, ge=2, description="Smaller groups are not compared.")
    missing: Told = Field(default="note", description=_ABOUT_MISSING)
    reject: Rejects = Field(default="surely_beyond", description=_ABOUT_REJECTS)


class CalibrationLimits(Section):
    """How far predicted probabilities may be from what is observed."""

    max_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="For classes: largest expected calibration error, of ten groups of equal rows.",
    )
    slope: tuple[float, float] | None = Field(
        default=None,
        description="For binary: least and largest slope of the log odds, 1 where calibrated.",
    )
    max_coverage_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="For regression: most by which the share of rows below a level of "
        "ensemble.quantiles may differ from the level.",
    )
    reject: Rejects = Field(default="surely_beyond", description=_ABOUT_REJECTS)

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if not any((self.max_error, self.slope, self.max_coverage_error)):
            raise ValueError("says no limit; give max_error, slope or max_coverage_error")
        if self.slope is not None and not self.slope[0] < self.slope[1]:
            raise ValueError(f"slope is {list(self.slope)}; give the least, then the largest")
        return self


def misfit(
    *,
    task: str,
    slices_metric: str | None,
    fairness: Fairness | None,
    calibration: CalibrationLimits | None,
    cost: Limit | None,
    has_costs: bool,
    has_quantiles: bool,
    names_a_class: bool,
) -> str:
    """Say which check cannot be made of a model of this task; empty if all can."""
    if fairness is not None and task != "binary":
        return (
            f"gate.fairness compares who is decided for, which is for the task binary, got {task}; "
            "leave it out, or bound a metric of groups with gate.slices"
        )
    if cost is not None and not has_costs:
        return "gate.cost is for models whose decisions have costs; set decision.costs too"
    if cost is not None and cost.worse_by is cost.bound is None:
        return "gate.cost says no limit; give worse_by or bound"
    if slices_metric == "cost" and not has_costs:
        return "gate.slices.metric is cost; set decision.costs too"
    if names_a_class and task != "multiclass":
        return f"gate.behaviour has of_class, which is for the task multiclass, got {task}"
    return _calibration_misfit(calibration, task, has_quantiles=has_quantiles)


def _calibration_misfit(
    calibration: CalibrationLimits | None, task: str, *, has_quantiles: bool
) -> str:
    if calibration is None:
        return ""
    fitting = {
        "max_error": ("binary", "multiclass"),
        "slope": ("binary",),
        "max_coverage_error": ("regression",),
    }
    for key, tasks in fitting.items():
        if getattr(calibration, key) is not None and task not in tasks:
            return f"gate.calibration.{key} is for {' and '.join(tasks)}, got {task}; leave it out"
    if calibration.max_coverage_error is not None and not has_quantiles:
        return "gate.calibration.max_coverage_error needs levels; set ensemble.quantiles too"
    return ""
