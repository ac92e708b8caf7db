"""The spec's section `retrain`: when a night trains, and when nothing changes."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.values import Day, Section


class Freeze(Section):
    """A time in which nothing changes: nights judge, and release nothing; scoring goes on."""

    start: Day = Field(description="First day, in the schedule's zone.")
    end: Day = Field(description="Last day.")
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        return self


class Retrain(Section):
    """When a night trains."""

    policy: Literal["nightly", "never"] = Field(
        default="nightly",
        description="nightly: every night (without time: when the data changed). never: only "
        "when a person asks.",
    )
    while_challenged: bool = Field(
        default=False,
        description="Also train while a challenger collects evidence.",
    )
    freeze: tuple[Freeze, ...] = Field(default=(), description="Times in which nothing changes.")
