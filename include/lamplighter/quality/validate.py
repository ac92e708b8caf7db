"""Validates the rows of a table before they are let into the lake."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lamplighter.quality.checks import Check, CheckResult, Subject, TableValidation
from lamplighter.quality.custom import Loader, refuse_python
from lamplighter.quality.expectations import open_context, run_checks
from lamplighter.quality.kinds import column_kinds
from lamplighter.quality.learned import MIN_ROWS, ColumnProfile
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
    new_columns: Sequence[str] = (),
    gone_columns: Sequence[str] = (),
    learned: Mapping[str, ColumnProfile] | None = None,
    load: Loader = refuse_python,
    whole_delivery: bool = True,
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
    new_columns : sequence of str, optional
        Columns that the source has besides, which were left out of `rows`.
    gone_columns : sequence of str, optional
        Columns of `rows` that the source has no longer, so that they are null.
    learned : mapping of str to ColumnProfile, optional
        What each column usually holds.
    load : callable, optional
        Imports an expectation that the spec names by dotted path.
    whole_delivery : bool, default True
        False for single rows, such as corrected ones, of which neither a volume nor freshness nor
        a share to set aside can be expected.

    Returns
    -------
    TableValidation
        A result for each check; nothing is raised for bad data. Volume and freshness are those
        of the rows that remain when the failing ones are set aside. Where that would be more than
        `max_quarantined_fraction` of the rows, what would set them aside is critical instead.
    """
    checks = build_suite(
        name,
        table,
        validation,
        target_column=target_column,
        task=task,
        known_columns=known_columns or {},
        since=reading.since,
        until=reading.until,
        is_examples=is_examples,
        learned=learned,
        load=load,
    )
    if not whole_delivery:
        checks = tuple(check for check in checks if check.name != "volume")
    suite = _Suite(name, checks, show=table.key)
    suite.run(("schema",), column_kinds(rows.drop(columns=list(gone_columns))))
    suite.run(("new_columns",), pd.DataFrame({"column": pd.Series(new_columns, dtype="str")}))
    # A check of a column that is missing, or of another type, would only repeat that it is.
    if not suite.unusable & {table.event_time, table.available_at, table.deleted}:
        for subjects, positions in _row_subjects(rows, table):
            suite.run(subjects, rows.iloc[positions], positions)
        if whole_delivery:
            kept = rows.drop(index=rows.index[list(suite.validation(rows).set_aside)])
            for subject, frame in _deliveries(kept, table, reading, stored, is_examples):
                suite.run((subject,), frame)
            suite.limit(rows, validation.max_quarantined_fraction)
    found = suite.validation(rows)
    log.info(
        "validated %d rows of %s: %d checks, %d problems, %d warnings, %d rows to set aside",
        len(rows), name, len(found.results), len(found.problems), len(found.warnings),
        len(found.set_aside),
    )  # fmt: skip
    return found


class _Suite:
    """The checks of one table, and the results so far."""

    def __init__(self, table: str, checks: Sequence[Check], *, show: Sequence[str]) -> None:
        self._table, self._checks, self._show = table, checks, show
        self._context = open_context()
        self._results: list[CheckResult] = []
        self._raw: list[object] = []

    @property
    def unusable(self) -> set[str]:
        """Columns that are missing or of another type."""
        return {r.column for r in self._results if not r.success and r.check in _OF_COLUMNS}

    def run(
        self,
        subjects: tuple[Subject, ...],
        frame: pd.DataFrame,
        positions: np.ndarray | None = None,
    ) -> None:
        """Run the checks of the subjects that can be asked of their frame."""
        unusable = self.unusable
        asked = [
            check
            for check in self._checks
            if check.subject in subjects
            and not unusable & set(check.columns)
            and _can_ask(check, frame)
        ]
        show = self._show if positions is not None else ()
        answers = run_checks(self._context, self._table, asked, frame, show=show)
        self._results += (_placed(r, positions) for r in answers.results)
        self._raw += answers.raw

    def limit(self, rows: pd.DataFrame, most: float) -> None:
        """Let the failing rows stop the night where there are too many to set aside."""
        aside = len(self.validation(rows).set_aside)
        if not aside:
            return
        too_many = aside > most * len(rows)
        self._results = [
            replace(r, severity="critical") if too_many and _sets_aside(r) else r
            for r in self._results
        ]
        several = "s" if len(rows) != 1 else ""
        self._results.append(
            CheckResult(
                table=self._table,
                check="quarantined_fraction",
                column="",
                severity="critical",
                success=not too_many,
                found=f"{aside} of {len(rows)} row{several} ({aside / len(rows):.1%}) would have "
                "to be set aside"
                if too_many
                else "",
                expected=f"at most {most:.1%}",
                remedy="correct these rows at the source, or raise "
                "data.validate.max_quarantined_fraction",
                failing_rows=aside,
            )
        )

    def validation(self, rows: pd.DataFrame) -> TableValidation:
        """Return what was found so far."""
        return TableValidation(
            table=self._table,
            rows=len(rows),
            results=tuple(self._results),
            raw=tuple(self._raw),
        )


_OF_COLUMNS = ("column_exists", "type")


def _can_ask(check: Check, frame: pd.DataFrame) -> bool:
    if check.name == "type":
        return set(check.columns) <= set(frame.columns)
    if check.name.startswith("learned_"):
        return set(check.columns) <= set(frame.columns) and len(frame) >= MIN_ROWS
    # Of no row, a column has neither a mean nor a range; how many there are is asked elsewhere.
    return not (frame.empty and check.columns and not isinstance(check.expectation, str))


def _placed(result: CheckResult, positions: np.ndarray | None) -> CheckResult:
    """Name the failing rows by their places among all rows."""
    if positions is None or not result.positions:
        return result
    return replace(result, positions=tuple(positions[list(result.positions)].tolist()))


def _sets_aside(result: CheckResult) -> bool:
    return not result.success and result.severity == "quarantine"


def _row_subjects(
    rows: pd.DataFrame, table: Table
) -> Iterator[tuple[tuple[Subject, ...], np.ndarray]]:
    everything = np.arange(len(rows))
    if table.deleted is None:
        yield ("rows", "live"), everything
    else:
        yield ("rows",), everything
        yield ("live",), everything[~rows[table.deleted].fillna(False).astype(bool).to_numpy()]


def _deliveries(
    rows: pd.DataFrame, table: Table, reading: Reading, stored: Stored, is_examples: bool
) -> Iterable[tuple[Subject, pd.DataFrame]]:
    if table.event_time is not None:
        newest, earlier = rows_per_day(rows, table, reading, stored, is_examples=is_examples)
        yield "days", newest
        yield "earlier_days", earlier
        yield "newest", newest_row(rows, table, stored)
