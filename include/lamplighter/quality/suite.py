"""Which checks a table gets: a pure function of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from lamplighter.quality.checks import Check
from lamplighter.quality.custom import Loader, custom_check, refuse_python
from lamplighter.quality.learned import ColumnProfile, learned_checks
from lamplighter.quality.severities import severity_of
from lamplighter.quality.suite_rows import Task, not_null, target_checks, value_checks
from lamplighter.quality.suite_times import freshness_check, late_check, volume_checks
from lamplighter.spec.data import Table, Validation
from lamplighter.spec.values import ColumnType

__all__ = ["Task", "build_suite", "required_columns"]

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
    since: datetime | None,
    until: datetime,
    is_examples: bool,
    learned: Mapping[str, ColumnProfile] | None = None,
    load: Loader = refuse_python,
) -> tuple[Check, ...]:
    """Return the checks of table `name`, in the order they are reported.

    Parameters
    ----------
    target_column : str, optional
        The column to predict, if it lies in this table.
    known_columns : mapping of str to ColumnType
        Columns stored by earlier nights; what the spec declares goes before it.
    since, until : datetime
        The time that was read; freshness is measured from its end, and what lies before its
        beginning is late.
    is_examples : bool
        Whether each row is an example; then the volume of whole days is critical.
    learned : mapping of str to ColumnProfile, optional
        What each column usually holds; used where the spec says nothing.
    load : callable, optional
        Imports an expectation that the spec names by dotted path.

    Raises
    ------
    SpecError
        If an expectation of the spec cannot be used.
    """
    columns = {**known_columns, **table.columns}
    return (
        *_schema(table, validation, columns, known_columns, target_column),
        *_keys(table),
        *target_checks(target_column, task, validation),
        *value_checks(name, validation, said={*table.key, target_column}),
        *(
            custom_check(declared, load=load)
            for declared in validation.expectations
            if declared.table == name
        ),
        *learned_checks(name, table, validation, learned or {}, target_column=target_column),
        *late_check(table, validation, since),
        *freshness_check(table, validation, until),
        *volume_checks(table, validation, is_examples=is_examples),
    )


def required_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that the table's own declaration names, each once."""
    times = (table.event_time, table.available_at, table.deleted)
    return tuple(dict.fromkeys((*table.key, *(t for t in times if t), *table.columns)))


def _schema(
    table: Table,
    validation: Validation,
    columns: Mapping[str, ColumnType],
    known_columns: Mapping[str, ColumnType],
    target_column: str | None,
) -> Iterator[Check]:
    declared = (*required_columns(table), *((target_column,) if target_column else ()))
    for column in dict.fromkeys((*declared, *columns)):
        yield Check(
            name="column_exists",
            subject="schema",
            expectation="ExpectColumnToExist",
            arguments={"column": column},
            columns=(column,),
            expected="a column of this name",
            remedy="if the source renamed it, name it back there; else correct the spec",
            severity="critical" if column in declared else severity_of("schema", validation),
        )
    if known_columns:
        yield Check(
            name="new_columns",
            subject="new_columns",
            expectation="ExpectColumnValuesToBeInSet",
            arguments={"column": "column", "value_set": list({**known_columns, **table.columns})},
            columns=(),
            expected="the columns that the table has",
            remedy="it is left out; declare it under columns to take it in, or remove it at "
            "the source",
            severity=validation.severity.get("schema", "warning"),
        )
    times: Mapping[str, ColumnType] = {
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
            severity="critical" if column in declared else severity_of("schema", validation),
        )


def _keys(table: Table) -> Iterator[Check]:
    times = [t for t in (table.event_time, table.available_at) if t]
    for column in dict.fromkeys((*table.key, *times)):
        what = "key" if column in table.key else "time"
        yield not_null(column, name=f"{what}_not_null", subject="rows", severity="critical")
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
