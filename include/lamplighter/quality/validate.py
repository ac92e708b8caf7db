"""Validates the rows of a table before they are let into the lake."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import pandas as pd

from lamplighter.quality.checks import Check, Subject, TableValidation
from lamplighter.quality.expectations import open_context, run_checks
from lamplighter.quality.kinds import column_kinds
from lamplighter.quality.suite import Task, build_suite
from lamplighter.quality.volume import Reading, Stored, newest_row, rows_per_day
from lamplighter.spec.data import Table, Validation
from lamplighter.spec.values import ColumnType

log = logging.getLogger(__name__)


def validate_table(
    rows: pd.DataFrame,
    name: str,
    table: Table,
    validation: Validation,
    *,
    reading: Reading,
    stored: Stored,
    is_examples: bool,
    target_column: str | None,
    task: Task,
    known_columns: Mapping[str, ColumnType] | None = None,
) -> TableValidation:
    """Check rows that a source gave, through a Great Expectations suite built from the spec.

    Parameters
    ----------
    rows : pandas.DataFrame
        What was read. Times carry their zone. May be empty.
    name : str
        The table's name in the spec.
    reading : Reading
        Which time was read.
    stored : Stored
        What earlier nights brought; for examples, rows per local day of their event at least for
        `completed_days(reading)`.
    is_examples : bool
        Whether the table's rows are the examples.
    target_column : str, optional
        The column to predict, if it is in this table.
    known_columns : mapping of str to ColumnType, optional
        Columns and types that earlier nights stored.

    Returns
    -------
    TableValidation
        A result for each check; nothing is raised for bad data.
    """
    checks = build_suite(
        name,
        table,
        validation,
        target_column=target_column,
        task=task,
        known_columns=known_columns or {},
        until=reading.until,
        is_examples=is_examples,
    )
    context = open_context()
    kinds = column_kinds(rows)
    schema = [check for check in checks if check.subject == "schema" and _can_ask(check, kinds)]
    results = run_checks(context, name, schema, kinds, show=())
    # A check of a column that is missing, or of another type, would only repeat that it is.
    unusable = {result.column for result in results if not result.success}
    if not unusable & {table.event_time, table.available_at, table.deleted}:
        for subjects, frame in _subjects(rows, table, reading, stored, is_examples=is_examples):
            usable = [
                check
                for check in checks
                if check.subject in subjects and not unusable & set(check.columns)
            ]
            results += run_checks(context, name, usable, frame, show=table.key)
    found = TableValidation(table=name, rows=len(rows), results=tuple(results))
    log.info(
        "validated %d rows of %s: %d checks, %d problems, %d warnings",
        len(rows), name, len(results), len(found.problems), len(found.warnings),
    )  # fmt: skip
    return found


def _can_ask(check: Check, kinds: pd.DataFrame) -> bool:
    return check.name != "type" or set(check.columns) <= set(kinds.columns)


def _subjects(
    rows: pd.DataFrame, table: Table, reading: Reading, stored: Stored, *, is_examples: bool
) -> Iterator[tuple[tuple[Subject, ...], pd.DataFrame]]:
    if table.deleted is None:
        yield ("rows", "live"), rows
    else:
        yield ("rows",), rows
        yield ("live",), rows[~rows[table.deleted].fillna(False).astype(bool)]
    if table.event_time is not None:
        newest, earlier = rows_per_day(rows, table, reading, stored, is_examples=is_examples)
        yield ("days",), newest
        yield ("earlier_days",), earlier
        yield ("newest",), newest_row(rows, table, stored)
