"""The spec's sections about operation: who answers, who is told, when nights run, and where."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, JsonValue, model_validator

from lamplighter.spec.values import Day, Duration, Section, Zone

Event = Literal[
    "promotion", "no_change", "approval", "warning", "stopped_data", "failure", "late_night"
]
Level = Literal["info", "warning", "critical"]
PROCESSES = ("train", "score", "evaluate")
"""What the DAGs of a model do; each is called `<model>__<process>`."""

Permission = Literal["can_read", "can_edit", "can_delete"]
Step = Literal[
    "resolve_spec",
    "ingest_data",
    "validate_data",
    "check_drift",
    "collect_evidence",
    "decide_retraining",
    "select_features",
    "check_leakage",
    "tune_model",
    "train_ensemble",
    "evaluate_candidate",
    "explain_candidate",
    "decide_promotion",
    "register_model",
    "approve_promotion",
    "release_model",
    "report_run",
    "score_interval",
    "evaluate_interval",
]


class Route(Section):
    """One way by which the owner is told."""

    via: Literal["log", "smtp", "webhook", "apprise"] = "log"
    connection: str | None = Field(
        default=None, description="Airflow connection id; needed by all but log."
    )
    to: tuple[str, ...] = Field(
        default=(), description="For smtp: addresses; the owner's email unless said."
    )
    on: tuple[Event, ...] = Field(
        default=("promotion", "approval", "warning", "stopped_data", "failure", "late_night"),
        description="What is told this way.",
    )
    at_least: Level = Field(default="info", description="Less severe events are not told.")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.via != "log" and self.connection is None:
            raise ValueError(f"a route by {self.via} needs `connection`, an Airflow connection id")
        return self


class Owner(Section):
    """Who answers for the model."""

    team: str = Field(min_length=1, description="Team that is responsible; shown in Airflow.")
    email: str | None = Field(default=None, description="Where notifications go.")
    access: dict[str, tuple[Permission, ...]] = Field(
        default_factory=dict,
        description="Role in Airflow and what it may do with the model's DAGs. Empty: as Airflow "
        "is set up.",
    )
    notify: tuple[Route, ...] = Field(
        default=(Route(),), description="How the owner is told; by the log unless said."
    )
    severity: dict[Event, Level] = Field(
        default_factory=dict, description="How severe an event is, where not as usual."
    )

    @model_validator(mode="after")
    def _mail_has_an_address(self) -> Self:
        if self.email is None and any(r.via == "smtp" and not r.to for r in self.notify):
            raise ValueError("a route by smtp needs `to`, or the owner an `email`")
        return self


class StepResources(Section):
    """Where one step runs, and how long it may take."""

    pool: str | None = Field(
        default=None, min_length=1, description="Airflow pool; schedule.pool unless said."
    )
    queue: str | None = Field(default=None, min_length=1, description="Queue of the executor.")
    executor_config: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="Handed to the executor as it is: plain text, numbers, lists and mappings.",
        json_schema_extra={"additionalProperties": True},
    )
    timeout: Duration | None = Field(default=None, description="Longest time it may take.")

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.timeout == timedelta(0):
            raise ValueError("timeout is 0s, expected more; leave it out for the usual one")
        return self


class Schedule(Section):
    """When the scheduler starts a night by itself."""

    cron: str | None = Field(default="0 3 * * *", description="None: only by hand.")
    timezone: Zone = "UTC"
    start: Day | None = Field(default=None, description="First day scheduled; else the data's.")
    end: Day | None = Field(default=None, description="Last day scheduled.")
    catchup: bool = Field(default=False, description="Also run the intervals that were missed.")
    pool: str = Field(default="default_pool", description="Airflow pool of every step.")
    steps: dict[Step, StepResources] = Field(
        default_factory=dict, description="Resources of single steps."
    )
    late_after: Duration = Field(
        default=timedelta(hours=6),
        description="A night that did not begin this long after its time is reported.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.cron is not None:
            from croniter import croniter

            if not croniter.is_valid(self.cron):
                raise ValueError(f"cron {self.cron!r} is not a cron expression of five fields")
        return self
