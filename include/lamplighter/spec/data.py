"""The spec's section `data`: tables, where their rows come from, and what they must satisfy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from lamplighter.spec.values import (
    ColumnType,
    DottedPath,
    Duration,
    Name,
    Section,
    as_duration,
)

ROW_KEY = "_row"
"""The key of a table whose rows have none of their own."""

Severity = Literal["critical", "warning", "quarantine"]
Check = Literal["not_null", "between", "in_set", "target", "freshness", "volume", "late", "schema"]

BY_ROW: tuple[Check, ...] = ("not_null", "between", "in_set", "target", "late")
"""The kinds of check that single rows fail."""


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
    key: tuple[str, ...] = Field(
        min_length=1,
        description="Columns that identify an entity. [_row] where there are none: each row is an "
        "entity of its own, known by its content; for rows that are added and never changed.",
    )
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
    filled_in: dict[str, str] = Field(
        default_factory=dict,
        description="Columns whose value becomes known later than their row: the column with the "
        "time of that (event_time, available_at, or a timestamp under columns), or how long after "
        "event_time, such as 3h. Until then they are empty for features.",
    )
    look_back: Duration = Field(
        default=timedelta(0),
        description="Each night reads this much of the past again, for rows that came late.",
    )

    @property
    def keyless(self) -> bool:
        """Whether the rows have no key of their own."""
        return self.key == (ROW_KEY,)

    def filled_in_after(self, column: str) -> timedelta | None:
        """Return how long after its event a column is filled in; None if a column says when."""
        return as_duration(self.filled_in[column])

    @model_validator(mode="after")
    def _filled_in_at_a_time(self) -> Self:
        times = {name for name, kind in self.columns.items() if kind == "timestamp"}
        times |= {name for name in (self.event_time, self.available_at) if name}
        fixed = {*self.key, self.event_time, self.available_at, self.deleted}
        for column, moment in self.filled_in.items():
            if column in fixed:
                raise ValueError(
                    f"filled_in.{column}: a key, a time or `deleted` is known with its row; leave "
                    "it out of filled_in"
                )
            if as_duration(moment) is not None:
                if self.event_time is None:
                    raise ValueError(
                        f"filled_in.{column}: {moment} after what? the table has no event_time; "
                        "name a column of times"
                    )
            elif moment not in times:
                raise ValueError(
                    f"filled_in.{column}: got {moment!r}, expected a duration such as 3h, or a "
                    "column of times: event_time, available_at, or one declared under `columns` as "
                    "timestamp"
                )
        return self

    @model_validator(mode="after")
    def _row_key_alone(self) -> Self:
        if ROW_KEY in self.key and not self.keyless:
            raise ValueError(f"key: {ROW_KEY} stands for a whole row; leave the other columns out")
        if self.keyless and self.deleted:
            raise ValueError(
                f"`deleted` needs a key: a row that is known by its content ({ROW_KEY}) cannot be "
                "named by a later one"
            )
        return self


class Expectation(Section):
    """One more expectation of a table's rows, of Great Expectations or your own."""

    table: Name
    name: str = Field(
        pattern=r"^(Expect[A-Za-z]+|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        examples=["ExpectColumnValuesToMatchRegex"],
        description="A class of Great Expectations, such as ExpectColumnValuesToMatchRegex, or the "
        "dotted path of your own, from an allowed package.",
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="What the expectation is given, such as column."
    )
    severity: Severity | None = Field(
        default=None,
        description="What its failure does. Unless said, one of single rows sets the failing ones "
        "aside, and one of the whole table stops the night.",
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
    expectations: tuple[Expectation, ...] = Field(default=(), description="Further expectations.")
    severity: dict[Check, Severity] = Field(
        default_factory=dict,
        description="Per kind of check, what its failure does: critical stops the night, warning "
        "is reported, quarantine sets the failing rows aside and goes on. Unless said: quarantine "
        "for not_null, between, in_set and target, warning for late, critical for the others.",
    )
    max_quarantined_fraction: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="More rows to set aside than this share of those read stop the night.",
    )
    max_late_fraction: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="More rows than this share that came after their time was closed: a warning.",
    )
    learn: bool = Field(
        default=True,
        description="Learn what columns usually hold, where the spec says nothing, and warn when "
        "they do not.",
    )

    @model_validator(mode="after")
    def _rows_can_be_set_aside(self) -> Self:
        for kind, severity in self.severity.items():
            if severity == "quarantine" and kind not in BY_ROW:
                raise ValueError(
                    f"severity.{kind} is quarantine, but no single rows fail it that could be set "
                    "aside; expected critical or warning"
                )
        return self


class Data(Section):
    """Tables, which of them holds the examples, and which column is to be predicted."""

    tables: dict[Name, Table] = Field(min_length=1)
    examples: Name | None = Field(
        default=None, description="Table whose rows are the examples. May be left out if only one."
    )
    target: str = Field(
        description="Column to predict, as table.column, or column of the examples table."
    )
    positive: str | int | float | bool | None = Field(
        default=None,
        description="For the task binary: the value of the target that is predicted, such as "
        "'yes'. Left out where the target holds 0 and 1, or false and true.",
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
        rules = self.validate_
        for name in (*rules.not_null, *rules.between, *rules.in_set):
            self._refuse_unknown("validate", name)
        for expectation in rules.expectations:
            self._refuse_unknown("validate.expectations", expectation.table)
        keyless = [n for n in (self.examples_table, self.target_table) if self.tables[n].keyless]
        if keyless and self.examples_table != self.target_table:
            raise ValueError(
                f"the rows of {keyless[0]} have no key of their own ({ROW_KEY}), so labels cannot "
                "be matched with examples; give both tables a key, or put the target into the "
                "table of the examples"
            )
        return self

    def _refuse_unknown(self, where: str, name: str) -> None:
        if name not in self.tables:
            raise ValueError(
                f"{where} names a table {name!r}, and there are only {', '.join(self.tables)}"
            )

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
