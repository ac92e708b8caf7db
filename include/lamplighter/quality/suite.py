"""Which checks a table gets: a pure function of the spec."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from lamplighter.quality.checks import Check
from lamplighter.spec.data import Table, Validation
from lamplighter.spec.values import ColumnType

Task = Literal["binary", "multiclass", "regression"]

# Whole numbers will do where fractions are declared.
_FITTING: dict[ColumnType, list[str]] = {
    "int": ["int"],
    "float": ["float", "int"],
    "string": ["string"],
    "bool": ["bool"],
    "timestamp": ["timestamp"],
}


def build_suite(
    name: str,
    table: Table,
    validation: Validation,
    *,
    target_column: str | None,
    task: Task,
    known_columns: Mapping[str, ColumnType],
    until: datetime,
    is_examples: bool,
) -> tuple[Check, ...]:
    """Return the checks of table `name`, in the order they are reported.

    Parameters
    ----------
    target_column : str, optional
        The column to predict, if it lies in this table.
    known_columns : mapping of str to ColumnType
        Columns stored by earlier nights; what the spec declares goes before it.
    until : datetime
        The instant up to which was read; freshness is measured from it.
    is_examples : bool
        Whether each row is an example; then the volume of whole days is critical.
    """
    columns = {**known_columns, **table.columns}
    return (
        *_schema(table, columns, target_column),
        *_keys(table),
        *_target(target_column, task),
        *_values(name, validation, said={*table.key, target_column}),
        *_freshness(table, validation, until),
        *_volume(table, validation, is_examples=is_examples),
    )


def required_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that the table's own declaration names, each once."""
    times = (table.event_time, table.available_at, table.deleted)
    return tuple(dict.fromkeys((*table.key, *(t for t in times if t), *table.columns)))


def _schema(
    table: Table, columns: Mapping[str, ColumnType], target_column: str | None
) -> Iterator[Check]:
    required = (*required_columns(table), *columns, *((target_column,) if target_column else ()))
    for column in dict.fromkeys(required):
        yield Check(
            name="column_exists",
            subject="schema",
            expectation="ExpectColumnToExist",
            arguments={"column": column},
            columns=(column,),
            expected="a column of this name",
            remedy="if the source renamed it, name it back there; else correct the spec",
        )
    times: dict[str, ColumnType] = {
        time: "timestamp" for time in (table.event_time, table.available_at) if time
    }
    for column, kind in {**columns, **times}.items():
        yield Check(
            name="type",
            subject="schema",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": column, "value_set": _FITTING[kind]},
            columns=(column,),
            expected=f"the type {kind}",
            remedy="correct the source, or the type in the spec",
        )


def _keys(table: Table) -> Iterator[Check]:
    times = [t for t in (table.event_time, table.available_at) if t]
    for column in dict.fromkeys((*table.key, *times)):
        what = "key" if column in table.key else "time"
        yield _not_null(column, name=f"{what}_not_null", subject="rows")
    # The versions of a row share its key; what tells them apart is when they became known.
    versions = (table.available_at,) if table.available_at else ()
    unique = tuple(dict.fromkeys((*table.key, *versions)))
    several = len(unique) > 1
    yield Check(
        name="key_unique",
        subject="rows",
        expectation="ExpectCompoundColumnsToBeUnique"
        if several
        else "ExpectColumnValuesToBeUnique",
        arguments={"column_list": list(unique)} if several else {"column": unique[0]},
        columns=unique,
        expected=f"one row per {', '.join(unique)}",
        remedy="remove the duplicates at the source, or add what tells them apart to the key",
    )


def _target(column: str | None, task: Task) -> Iterator[Check]:
    if column is None:
        return
    yield _not_null(column, name="target_not_null", subject="live")
    if task == "regression":
        yield Check(
            name="target_finite",
            subject="live",
            expectation="ExpectColumnValuesToBeBetween",
            arguments={
                "column": column,
                "min_value": -sys.float_info.max,
                "max_value": sys.float_info.max,
            },
            columns=(column,),
            expected="finite numbers only",
            remedy="correct or remove these rows at the source",
        )


def _values(name: str, validation: Validation, *, said: set[str | None]) -> Iterator[Check]:
    for column in validation.not_null.get(name, ()):
        if column not in said:
            yield _not_null(column, name="not_null", subject="live")
    for column, (low, high) in validation.between.get(name, {}).items():
        yield Check(
            name="between",
            subject="live",
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": column, "min_value": low, "max_value": high},
            columns=(column,),
            expected=_range(low, high),
            remedy="correct these rows at the source, or widen data.validate.between",
        )
    for column, allowed in validation.in_set.get(name, {}).items():
        yield Check(
            name="in_set",
            subject="live",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": column, "value_set": list(allowed)},
            columns=(column,),
            expected=f"one of {', '.join(map(str, allowed[:10]))}",
            remedy="correct these rows at the source, or add the value to data.validate.in_set",
        )


def _freshness(table: Table, validation: Validation, until: datetime) -> Iterator[Check]:
    if validation.freshness is None or table.event_time is None:
        return
    oldest = until - validation.freshness
    yield Check(
        name="freshness",
        subject="newest",
        expectation="ExpectColumnMaxToBeBetween",
        arguments={"column": "newest", "min_value": oldest},
        columns=(table.event_time,),
        expected=f"one not older than {oldest:%Y-%m-%d %H:%M %Z}",
        remedy="find out why the source fell silent, then run the night again",
    )


def _volume(table: Table, validation: Validation, *, is_examples: bool) -> Iterator[Check]:
    least = validation.min_rows if is_examples else min(1, validation.min_rows)
    if least == 0:
        return
    remedy = "load what is missing at the source, or lower data.validate.min_rows"
    if table.event_time is None:
        # With neither time, the whole table is read every night.
        if is_examples and table.available_at is None:
            yield Check(
                name="volume",
                subject="rows",
                expectation="ExpectTableRowCountToBeBetween",
                arguments={"min_value": least},
                columns=(),
                expected=f"at least {least}",
                remedy=remedy,
            )
        return
    arguments: dict[str, Any] = {"column": "rows", "min_value": least}
    expected = f"at least {least} {'row' if least == 1 else 'rows'} on each whole day"
    yield Check(
        name="volume",
        subject="days",
        expectation="ExpectColumnValuesToBeBetween",
        arguments=arguments,
        columns=(),
        expected=expected,
        remedy=remedy,
        severity="critical" if is_examples else "warning",
    )
    yield Check(
        name="volume_history",
        subject="earlier_days",
        expectation="ExpectColumnValuesToBeBetween",
        arguments=arguments,
        columns=(),
        expected=expected,
        remedy=remedy,
        severity="warning",
    )


def _not_null(column: str, *, name: str, subject: Literal["rows", "live"]) -> Check:
    return Check(
        name=name,
        subject=subject,
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": column},
        columns=(column,),
        expected="a value in every row",
        remedy="fill or remove these rows at the source",
    )


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"values from {low:g} to {high:g}"
