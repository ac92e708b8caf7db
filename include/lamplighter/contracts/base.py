"""What every contract is made of, who acts, and which run it belongs to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Verdict = Literal["promote", "reject", "inconclusive"]


GateMode = Literal["off", "dry_run", "enforce"]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"got {value.isoformat()}, expected a time with its zone")
    return value


Instant = Annotated[datetime, AfterValidator(_aware)]


class Contract(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(Contract):
    """Who acts, and how we know."""

    name: str
    kind: Literal["airflow", "os_user"]

    def __str__(self) -> str:
        return f"{self.name} ({'Airflow' if self.kind == 'airflow' else 'OS user'})"


class RunRequest(Contract):
    """What a trigger form, a schedule or a command line asks for."""

    as_of: Instant
    knowledge_time: Instant | None = None
    force_retrain: bool = False
    gate_mode: GateMode | None = None
    budget_s: float | None = Field(default=None, gt=0)
    trials: int | None = Field(default=None, ge=1)
    dry_run: bool = False
    reason: str = ""
    timeline: str = Field(default="live", pattern=r"^(live|simulated:[A-Za-z0-9_.:+-]+)$")


class RunRef(Contract):
    """One night: its resolved spec (by digest) and its effective parameters."""

    run_key: str
    model: str
    spec_digest: str
    as_of: Instant
    knowledge_time: Instant
    timeline: str
    force_retrain: bool
    gate_mode: GateMode
    budget_s: float | None
    trials: int | None
    dry_run: bool
    reason: str
    actor: Actor
