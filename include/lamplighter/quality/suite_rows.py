"""Checks of single rows: the target, and what the spec says about values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal

from lamplighter.quality.checks import Check
from lamplighter.quality.severities import severity_of
from lamplighter.spec.data import Severity, Validation

Task = Literal["binary", "multiclass", "regression"]


def target_checks(column: str | None, task: Task, validation: Validation) -> Iterator[Check]:
    """Check that every row has a label, and that of a regression a finite one."""
    if column is None:
        return
    severity = severity_of("target", validation)
    yield not_null(column, name="target_not_null", subject="live", severity=severity)
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
            remedy="correct or remove these rows at the source; if they hold text, set task to "
            "binary or multiclass",
            severity=severity,
        )


def value_checks(name: str, validation: Validation, *, said: set[str | None]) -> Iterator[Check]:
    """Check `not_null`, `between` and `in_set`; columns in `said` have their own check of nulls."""
    for column in validation.not_null.get(name, ()):
        if column not in said:
            severity = severity_of("not_null", validation)
            yield not_null(column, name="not_null", subject="live", severity=severity)
    for column, (low, high) in validation.between.get(name, {}).items():
        yield Check(
            name="between",
            subject="live",
            expectation="ExpectColumnValuesToBeBetween",
            arguments={"column": column, "min_value": low, "max_value": high},
            columns=(column,),
            expected=value_range(low, high),
            remedy="correct these rows at the source, or widen data.validate.between",
            severity=severity_of("between", validation),
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
            severity=severity_of("in_set", validation),
        )


def not_null(
    column: str, *, name: str, subject: Literal["rows", "live"], severity: Severity
) -> Check:
    """Check that every row has a value in a column."""
    return Check(
        name=name,
        subject=subject,
        expectation="ExpectColumnValuesToNotBeNull",
        arguments={"column": column},
        columns=(column,),
        expected="a value in every row",
        remedy="fill or remove these rows at the source",
        severity=severity,
    )


def value_range(low: float | None, high: float | None) -> str:
    """Write a range in words.

    Examples
    --------
    >>> value_range(None, 4.5), value_range(0, 100)
    ('at most 4.5', 'values from 0 to 100')
    """
    if low is None:
        return f"at most {high:g}"
    if high is None:
        return f"at least {low:g}"
    return f"values from {low:g} to {high:g}"
