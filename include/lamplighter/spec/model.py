"""The spec: all that a model declares, as frozen values. Section by section, as in the file."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
DOTTED_PATTERN = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


def _parse_duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a duration such as 90s, 30m, 2h or 14d")
    return timedelta(**{_UNITS[found[2]]: float(found[1])})


def _print_duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("expected a time zone such as UTC or America/New_York")
    return value


def _plain_date(value: object) -> object:
    # YAML reads an unquoted 2013-01-01 as a date already.
    return value.date() if isinstance(value, datetime) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse_duration),
    PlainSerializer(_print_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$", "examples": ["36h"]}),
]
Zone = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[date, BeforeValidator(_plain_date)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
DottedPath = Annotated[str, Field(pattern=DOTTED_PATTERN, examples=["my_package.module:function"])]
ColumnType = Literal["int", "float", "string", "bool", "timestamp"]
Algorithm = Literal["xgboost", "hist_gradient_boosting", "linear"]


class Section(BaseModel):
    """A part of the spec: frozen, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Owner(Section):
    """Who answers for the model."""

    team: str = Field(min_length=1, description="Team that is responsible; shown in Airflow.")
    email: str | None = Field(default=None, description="Where notifications go.")


class TimeRules(Section):
    """When things are known. Leave the section out for data without time."""

    start: Day = Field(description="First day of the data; an earlier as_of is refused.")
    timezone: Zone = Field(default="UTC", description="Zone whose calendar days are the blocks.")
    lead: Duration = Field(
        default=timedelta(0), description="prediction_time is event_time minus this."
    )
    label_delay: Duration = Field(
        default=timedelta(0),
        description="After an event, its label is certainly known within this time.",
    )


class Source(Section):
    """Where a table's rows come from. Exactly one of the five kinds."""

    parquet: str | None = Field(
        default=None,
        description="Path or glob of Parquet files; {day} reads one file per day, ${NAME} is an "
        "environment variable.",
    )
    csv: str | None = Field(default=None, description="Path or glob of CSV files; {day} as above.")
    delta: str | None = Field(
        default=None, description="Path or URL of a Delta table; ${NAME} as above."
    )
    sql: str | None = Field(
        default=None,
        description="Name of an environment variable, or Airflow connection id, with the "
        "SQLAlchemy URL. Needs `table` or `query`.",
    )
    python: DottedPath | None = Field(
        default=None, description="Function (since, until) -> DataFrame, from an allowed package."
    )
    table: str | None = Field(default=None, description="For sql: the table to read.")
    query: str | None = Field(
        default=None, description="For sql: a query; may use the parameters :since and :until."
    )
    options: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="For python: further keyword arguments."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [k for k in ("parquet", "csv", "delta", "sql", "python") if getattr(self, k)]
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            raise ValueError(f"expected one of parquet, csv, delta, sql, python; got {found}")
        if kinds == ["sql"] and (self.table is None) == (self.query is None):
            raise ValueError("a sql source needs either `table` or `query`")
        if kinds != ["sql"] and (self.table or self.query):
            raise ValueError("`table` and `query` belong to a sql source")
        return self

    @property
    def kind(self) -> str:
        """Which of the five kinds this is."""
        kinds = ("parquet", "csv", "delta", "sql", "python")
        return next(k for k in kinds if getattr(self, k))


class Table(Section):
    """One table: a key, two times, and where its rows come from."""

    source: Source
    key: tuple[str, ...] = Field(min_length=1, description="Columns that identify an entity.")
    event_time: str | None = Field(default=None, description="Column: when it happens.")
    available_at: str | None = Field(
        default=None, description="Column: when the row became known. Else event_time plus lag."
    )
    lag: Duration = Field(
        default=timedelta(0),
        description="Without available_at: rows of the first ingest count as known this long "
        "after their event_time.",
    )
    deleted: str | None = Field(
        default=None, description="Boolean column: true rows are tombstones of their key."
    )
    columns: dict[str, ColumnType] = Field(
        default_factory=dict,
        description="Columns that must be there, with their type. Empty: as first ingested.",
    )


class Validation(Section):
    """What the data must satisfy before it is let in."""

    freshness: Duration | None = Field(
        default=None, description="The newest row of each timed table is at most this old."
    )
    min_rows: int = Field(
        default=1, ge=0, description="A night brings at least this many examples per whole day."
    )
    not_null: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Per table: columns without nulls."
    )
    between: dict[str, dict[str, tuple[float | None, float | None]]] = Field(
        default_factory=dict, description="Per table and column: smallest and largest value."
    )
    in_set: dict[str, dict[str, tuple[str | int | float | bool, ...]]] = Field(
        default_factory=dict, description="Per table and column: the values allowed."
    )


class Data(Section):
    """Tables, which of them holds the examples, and which column is to be predicted."""

    tables: dict[Name, Table] = Field(min_length=1)
    examples: Name | None = Field(
        default=None, description="Table whose rows are the examples. May be left out if only one."
    )
    target: str = Field(
        description="Column to predict, as table.column, or column of the examples table."
    )
    validate_: Validation = Field(default_factory=Validation, alias="validate")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        if self.examples is None and len(self.tables) > 1:
            raise ValueError(f"`examples` must name one of the tables {', '.join(self.tables)}")
        for name in (self.examples_table, self.target_table):
            if name not in self.tables:
                raise ValueError(f"no table is called {name!r}; there are {', '.join(self.tables)}")
        return self

    @property
    def examples_table(self) -> str:
        """Name of the table whose rows are the examples."""
        return self.examples or next(iter(self.tables))

    @property
    def target_table(self) -> str:
        """Name of the table that holds the labels."""
        return self.target.rpartition(".")[0] or self.examples_table

    @property
    def target_column(self) -> str:
        """Name of the column to predict, within `target_table`."""
        return self.target.rpartition(".")[2]


class Selection(Section):
    """Which features are kept."""

    method: Literal["none", "variance", "univariate"] = "none"
    min_variance: float = Field(default=0.0, ge=0, description="For variance: drop at or below.")
    keep_fraction: float = Field(
        default=0.5, gt=0, le=1, description="For univariate: share of the features to keep."
    )


class Features(Section):
    """How features are made from the tables."""

    function: DottedPath | None = Field(
        default=None,
        description="Function (examples, view) -> DataFrame with a row per example. Without it: "
        "the columns of the examples table.",
    )
    drop: tuple[str, ...] = Field(default=(), description="Columns that are not features.")
    select: Selection = Selection()


class Split(Section):
    """What is held out for judging, and how training folds are cut."""

    holdout_days: int = Field(default=14, ge=1, description="With time: matured days held out.")
    holdout_fraction: float = Field(
        default=0.25, gt=0, lt=1, description="Without time: share held out, by hash of the key."
    )
    folds: int = Field(default=3, ge=2, le=10, description="Training folds, in time order.")
    max_training_days: int | None = Field(
        default=None, ge=1, description="With time: only the newest days are trained on."
    )


class Search(Section):
    """The search for good models."""

    method: Literal["tpe"] = "tpe"
    algorithms: tuple[Algorithm, ...] = Field(
        default=("xgboost", "hist_gradient_boosting", "linear"), min_length=2
    )
    budget_s: float | None = Field(
        default=60.0, gt=0, description="Seconds for search and ensemble together."
    )
    trials: int | None = Field(
        default=None, ge=1, description="Number of trials, instead of seconds."
    )
    workers: int = Field(default=2, ge=1, le=16, description="Tasks that share the search.")
    max_budget_s: float = Field(
        default=3600.0, gt=0, description="Most that a trigger form may ask for."
    )
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _some_budget(self) -> Self:
        if self.budget_s is None and self.trials is None:
            raise ValueError("set budget_s, or trials, or both")
        if self.budget_s is not None and self.budget_s > self.max_budget_s:
            raise ValueError(
                f"budget_s {self.budget_s:g} is above max_budget_s {self.max_budget_s:g}"
            )
        return self


class Ensemble(Section):
    """How tonight's best members are combined."""

    methods: tuple[Literal["stacking", "blending"], ...] = ("stacking", "blending")
    members_per_algorithm: int = Field(default=1, ge=1, le=5)


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


class Release(Section):
    """What happens when a version is released."""

    registered_name: str | None = Field(
        default=None, description="Name in MLflow; the model's own name unless said."
    )


class Monitor(Section):
    """Reserved for monitoring; nothing can be set yet."""


class Retrain(Section):
    """When a night trains."""

    policy: Literal["nightly", "never"] = Field(
        default="nightly",
        description="nightly: every night (without time: when the data changed). never: only "
        "when a person asks.",
    )


class Retire(Section):
    """Reserved for retirement; nothing can be set yet."""


class Schedule(Section):
    """When the scheduler starts a night by itself."""

    cron: str | None = Field(default="0 3 * * *", description="None: only by hand.")
    timezone: Zone = "UTC"
    start: Day | None = Field(default=None, description="First day scheduled; else the data's.")
    end: Day | None = Field(default=None, description="Last day scheduled.")
    catchup: bool = Field(default=False, description="Also run the intervals that were missed.")
    pool: str = "default_pool"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}")
        if self.cron is not None:
            from croniter import croniter

            if not croniter.is_valid(self.cron):
                raise ValueError(f"cron {self.cron!r} is not a cron expression of five fields")
        return self


class ModelSpec(Section):
    """Everything that one model declares."""

    version: Literal[1] = Field(default=1, description="Version of the spec's format.")
    model: Name = Field(description="Name of the model; also the prefix of its DAGs.")
    owner: Owner
    task: Literal["binary", "multiclass", "regression"]
    time: TimeRules | None = None
    data: Data
    features: Features = Features()
    split: Split = Split()
    search: Search = Search()
    ensemble: Ensemble = Ensemble()
    gate: Gate = Gate()
    release: Release = Release()
    monitor: Monitor = Monitor()
    retrain: Retrain = Retrain()
    retire: Retire = Retire()
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _time_fits_tables(self) -> Self:
        examples = self.data.tables[self.data.examples_table]
        if self.time is not None and examples.event_time is None:
            raise ValueError(
                f"time is set, so data.tables.{self.data.examples_table} needs an event_time"
            )
        if self.time is None and any(t.event_time for t in self.data.tables.values()):
            raise ValueError("a table has an event_time, so the section `time` is needed")
        return self

    def document(self) -> dict[str, Any]:
        """Return the spec as plain JSON values, defaults included."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def digest(self) -> str:
        """Content digest of the resolved spec, 16 hex digits."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def loss(self) -> str:
        """The loss that search, ensemble and gate minimise."""
        return "rmse" if self.task == "regression" else "log_loss"

    @property
    def zone(self) -> ZoneInfo:
        """Zone whose calendar days are the blocks."""
        return ZoneInfo(self.time.timezone if self.time else "UTC")
