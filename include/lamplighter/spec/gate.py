"""The spec's section `gate`: when a candidate may replace the champion."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.approval import Approval
from lamplighter.spec.behaviour import Behaviour
from lamplighter.spec.checks import CalibrationLimits, Fairness, Limit, Slices
from lamplighter.spec.values import Section


class Gate(Section):
    """When a candidate may replace the champion."""

    mode: Literal["off", "dry_run", "enforce"] = "enforce"
    min_blocks: int = Field(default=10, ge=10, description="Fewer days of evidence decide nothing.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    min_gain: float = Field(
        default=0.0, ge=0, description="Least loss reduction, at the lower bound of the interval."
    )
    guards: dict[str, float] = Field(
        default_factory=dict,
        description="Metric and the most by which it may get worse against the champion.",
    )
    test: Literal["superiority", "non_inferiority"] = Field(
        default="superiority",
        description="superiority: the new model must be better than the champion. "
        "non_inferiority: it must not be worse by `margin` or more; for models that are to be "
        "kept fresh.",
    )
    margin: float | None = Field(
        default=None,
        gt=0,
        description="For non_inferiority: the daily loss by which the new model may be worse.",
    )
    approval: Approval = Field(default_factory=Approval)
    on_broken_champion: Literal["approve", "promote"] = Field(
        default="approve",
        description="A champion that does not load or cannot score tonight's rows can be compared "
        "with nobody. approve: a person decides on a sane candidate. promote: a sane candidate is "
        "released, unless it is surely worse than the champion was when it last was measured.",
    )
    on_changed_target: Literal["approve", "promote"] = Field(
        default="approve",
        description="A champion of another target or task is no measure. approve: a person "
        "decides on a sane candidate. promote: a sane candidate is released.",
    )
    slices: Slices | None = None
    fairness: Fairness | None = None
    calibration: CalibrationLimits | None = None
    cost: Limit | None = Field(
        default=None, description="With decision.costs: what the decision on a row may cost."
    )
    max_latency_ms_per_1k: float | None = Field(
        default=None,
        gt=0,
        description="Most milliseconds in which the whole candidate predicts 1,000 rows, one "
        "thread, the best of several.",
    )
    max_size_mb: float | None = Field(
        default=None, gt=0, description="Largest file of the whole candidate."
    )
    behaviour: Behaviour | None = None

    @model_validator(mode="after")
    def _margin_fits_the_test(self) -> Self:
        if (self.test == "non_inferiority") != (self.margin is not None):
            raise ValueError(
                f"test is {self.test} and margin is {self.margin}; give a margin with "
                "non_inferiority, and none with superiority"
            )
        return self
