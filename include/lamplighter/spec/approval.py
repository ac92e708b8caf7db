"""The spec's section `gate.approval`: when a person has to approve a release, and who."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.values import Duration, Section


class Approval(Section):
    """When a person has to approve what the gate would release, who may, and until when."""

    when: Literal["never", "always", "close_guard"] = Field(
        default="never",
        description="always: every release. close_guard: a release with a guard near its limit. "
        "never: only where a rule of its own asks (`on_broken_champion`, `on_changed_target`).",
    )
    close_fraction: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="For close_guard: the share of a guard's limit from which on it is near.",
    )
    assignees: tuple[str, ...] = Field(
        default=(),
        description="Who may answer: ids of Airflow users, and names of operating-system users "
        "for `lamplighter approve`. Empty: whoever may act on the DAG, or on the stores.",
    )
    deadline: Duration = Field(
        default=timedelta(hours=20),
        description="How long an answer is waited for. Keep it shorter than the time between two "
        "nights: the next one waits too.",
    )
    on_deadline: Literal["reject", "release"] = Field(
        default="reject", description="What happens if nobody has answered by then."
    )

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.deadline == timedelta(0):
            raise ValueError("deadline is 0s, expected more; with `when: never` nobody is asked")
        return self
