"""Checks of when rows come: late, not at all for long, or too few on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lamplighter.quality.checks import Check
from lamplighter.quality.severities import severity_of
from lamplighter.spec.data import Table, Validation


def late_check(table: Table, validation: Validation, since: datetime | None) -> Iterator[Check]:
    """Check that most rows are of the time after `since`, which no night has read before."""
    column = table.available_at or table.event_time
    if since is None or column is None:
        return
    most = validation.max_late_fraction
    yield Check(
        name="late",
        subject="live",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={
            "column": column,
            "min_value": since,
            "strict_min": True,
            "mostly": 1 - most,
        },
        columns=(column,),
        expected=f"at most {most:.1%} of a time before {since:%Y-%m-%d %H:%M %Z}",
        remedy="they count as known from tonight on; find out why the source was late, or raise "
        "data.validate.max_late_fraction",
        severity=severity_of("late", validation),
    )


def freshness_check(table: Table, validation: Validation, until: datetime) -> Iterator[Check]:
    """Check that the newest row is not too old."""
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
        severity=severity_of("freshness", validation),
    )


def volume_checks(table: Table, validation: Validation, *, is_examples: bool) -> Iterator[Check]:
    """Check that there are enough rows: of examples as many as said, of others any at all."""
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
                severity=severity_of("volume", validation),
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
        severity=severity_of("volume", validation) if is_examples else "warning",
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
