"""The spec's section `retrain`: when a night trains, its worth, and when nothing changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.values import Day, Duration, Section

PolicyName = Literal["never", "nightly", "weekly", "on_drift", "on_loss", "cost_aware"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

REACTING = ("on_drift", "on_loss", "cost_aware")
"""Policies that look at what has happened; they rest for a week after each training."""

_REST = timedelta(days=7)


class Freeze(Section):
    """A time in which nothing changes: no policy trains, nothing is released; scoring goes on."""

    start: Day = Field(description="First day, in the schedule's zone.")
    end: Day = Field(description="Last day.")
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self


class OnLoss(Section):
    """When the champion counts as worse than it used to be."""

    days: int = Field(
        default=7,
        ge=3,
        le=60,
        description="Newest matured days that are compared with those before.",
    )
    usual_days: int = Field(
        default=28,
        ge=14,
        le=365,
        description="Most days before them that say what is usual; fewer than 14 say nothing.",
    )
    p_value: float = Field(
        default=0.01,
        gt=0,
        lt=0.5,
        description="The rise of the loss is beyond its usual band below this one-sided p-value.",
    )


class OnDrift(Section):
    """Which drift asks for a training; a rise of the loss has to come with it."""

    columns: tuple[str, ...] = Field(
        default=(), description="Only drift of these columns counts; of all unless named."
    )
    min_columns: int = Field(default=1, ge=1, description="So many of them have to drift.")
    p_value: float = Field(
        default=0.2,
        gt=0,
        le=0.5,
        description="One-sided p-value of the rise of the champion's loss that has to come with "
        "it: drift without loss is no reason to train.",
    )


class CostAware(Section):
    """How the cost of an old model is learnt from the past."""

    min_history: int = Field(
        default=3,
        ge=1,
        description="Fewer comparisons of a new model with an older champion say nothing yet; "
        "until then, nights train once a week.",
    )
    longest_wait: Duration = Field(
        default=timedelta(days=60), description="Train at least this often, whatever it costs."
    )


class Economics(Section):
    """What things cost, in one unit of money."""

    training_cost: float = Field(ge=0, description="What one training costs.")
    loss_cost_per_1000: float = Field(
        ge=0, description="What 1,000 predictions cost more when their mean loss is higher by 1."
    )


class Retrain(Section):
    """When a night trains."""

    policy: PolicyName = Field(
        default="nightly",
        description="nightly: every night (without time: when the data changed). weekly: once "
        "since each `weekday`. on_loss: when the champion's loss is beyond its usual band. "
        "on_drift: when columns drifted and the loss rose with them. cost_aware: when the age of "
        "the model has cost as much as a training. never: only when a person asks.",
    )
    weekday: Weekday = Field(default="sunday", description="For weekly: in the schedule's zone.")
    on_loss: OnLoss = OnLoss()
    on_drift: OnDrift = OnDrift()
    cost_aware: CostAware = CostAware()
    economics: Economics | None = Field(
        default=None, description="What a training and a loss cost; cost_aware needs it."
    )
    cool_down: Duration | None = Field(
        default=None,
        description="No policy trains again within this time. Unless said, 7d for on_drift, "
        "on_loss and cost_aware, and none for the others.",
    )
    weekly_trainings: int | None = Field(
        default=None, ge=1, description="No policy trains more often than this in seven days."
    )
    while_challenged: bool = Field(
        default=False,
        description="Also train while a challenger collects evidence. Unless set, only a loss "
        "beyond its band, drift that comes with loss under on_drift, or a person makes a night "
        "train then.",
    )
    refit: Literal["never", "after_promotion"] = Field(
        default="never",
        description="after_promotion: once a trained version has become champion, fit its "
        "configuration again on all rows whose labels are known, those that it was held out from "
        "included, as a version of its own: the challenger, whose evidence starts then.",
    )
    freeze: tuple[Freeze, ...] = Field(default=(), description="Times in which nothing changes.")

    @model_validator(mode="after")
    def _cost_aware_knows_costs(self) -> Self:
        if self.policy == "cost_aware" and self.economics is None:
            raise ValueError(
                "policy is cost_aware, so `economics` is needed: training_cost and "
                "loss_cost_per_1000"
            )
        return self

    @model_validator(mode="after")
    def _a_refit_is_a_training(self) -> Self:
        if self.policy == "never" and self.refit != "never":
            raise ValueError(
                f"refit is {self.refit} and policy is never, under which only a person may ask for "
                "a training; leave refit out, or choose another policy"
            )
        return self

    @property
    def rest(self) -> timedelta:
        """Time after a training in which the policy asks for none."""
        if self.cool_down is not None:
            return self.cool_down
        return _REST if self.policy in REACTING else timedelta(0)
