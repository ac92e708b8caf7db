"""What Great Expectations found, in a sentence that names the rows."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lamplighter.quality.checks import Check, CheckResult

SAMPLE_SIZE = 5


@dataclass(frozen=True)
class Finding:
    """The answer to one check: whether it holds, and details where it does not."""

    success: bool
    details: Mapping[str, Any]
    trouble: Mapping[str, Any]

    @property
    def failing(self) -> int:
        """How many rows or values fail."""
        return int(self.details.get("unexpected_count") or 0)

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the failing rows are in the frame; empty where a check looks at no rows."""
        return tuple(int(place) for place in self.details.get("unexpected_index_list") or ())

    @property
    def error(self) -> str:
        """Why the check could not be made; empty if it could."""
        infos = (
            [self.trouble]
            if "raised_exception" in self.trouble
            else [info for info in self.trouble.values() if isinstance(info, dict)]
        )
        said = (str(i.get("exception_message")) for i in infos if i.get("raised_exception"))
        return next((message.splitlines()[0] for message in said), "")


def describe(
    table: str, check: Check, finding: Finding, frame: pd.DataFrame, show: Sequence[str]
) -> CheckResult:
    """Turn a finding into a result.

    Parameters
    ----------
    show : sequence of str
        Columns that name a failing row to a reader, such as the key.
    """
    sample = () if finding.success else _sample(finding, frame, show)
    # A check that could not be made, or names no failing row, says of no row that it is good.
    unmade = not finding.success and (finding.error or not finding.positions)
    severity = "critical" if unmade and check.severity == "quarantine" else check.severity
    return CheckResult(
        table=table,
        check=check.name,
        column=", ".join(check.columns),
        severity=severity,
        success=finding.success,
        found="" if finding.success else _found(check, finding, frame, sample),
        expected=check.expected,
        remedy=check.remedy,
        failing_rows=0 if finding.success else finding.failing,
        sample=sample,
        positions=() if finding.success else finding.positions,
    )


def _sample(finding: Finding, frame: pd.DataFrame, show: Sequence[str]) -> tuple[str, ...]:
    columns = [column for column in show if column in frame.columns]
    failing = frame.loc[list(finding.positions[:SAMPLE_SIZE]), columns]
    return tuple(
        ", ".join(f"{column}={value}" for column, value in row.items())
        for row in failing.to_dict("records")
    )


def _found(check: Check, finding: Finding, frame: pd.DataFrame, sample: Iterable[str]) -> str:
    if finding.error:
        return f"the check could not be made ({finding.error})"
    sentence = _SENTENCES.get(check.name, _rows_fail)(check, finding, frame)
    first = next(iter(sample), "")
    return f"{sentence} (for example {first})" if first else sentence


def _rows_fail(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    if "unexpected_count" not in finding.details:
        observed = finding.details.get("observed_value")
        return f"{observed:g}" if isinstance(observed, float) else f"{observed}"
    values = list(dict.fromkeys(map(str, finding.details.get("partial_unexpected_list") or [])))
    shown = f": {', '.join(values[:SAMPLE_SIZE])}" if values else ""
    return f"{_rows(finding.failing, len(frame))} outside{shown}"


def _no_value(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    return f"{_rows(finding.failing, len(frame))} without a value"


def _not_unique(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    return f"{_rows(finding.failing, len(frame))} not alone with their key"


def _no_column(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    wanted = check.columns[0]
    near = difflib.get_close_matches(wanted, map(str, frame.columns), n=1)
    hint = f"; the nearest name is {near[0]!r}" if near else ""
    return f"no column {wanted!r} among {len(frame.columns)}{hint}"


def _new_columns(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame["column"].iloc[list(finding.positions)]]
    more = f" and {len(names) - SAMPLE_SIZE} more" if len(names) > SAMPLE_SIZE else ""
    several = "s" if len(names) > 1 else ""
    return f"{len(names)} new column{several}, {', '.join(names[:SAMPLE_SIZE])}{more}"


def _other_type(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    return f"the type {frame[check.columns[0]].iloc[0]}"


def _too_old(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    if frame.empty:
        return "no row at all"
    return f"the newest row is of {frame['newest'].iloc[0]:%Y-%m-%d %H:%M %Z}"


def _too_few(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    if "day" not in frame.columns:
        return f"{len(frame)} rows"
    days = [f"{row.day} has {row.rows}" for row in frame.iloc[list(finding.positions)].itertuples()]
    more = f" and {len(days) - SAMPLE_SIZE} more days" if len(days) > SAMPLE_SIZE else ""
    return f"{', '.join(days[:SAMPLE_SIZE])}{more}"


def _too_late(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    return f"{_rows(finding.failing, len(frame))} of a time that an earlier night had closed"


def _null_share(check: Check, finding: Finding, frame: pd.DataFrame) -> str:
    missing = int(frame[check.columns[0]].isna().sum())
    return f"{_rows(missing, len(frame))} without a value"


_SENTENCES: Mapping[str, Callable[[Check, Finding, pd.DataFrame], str]] = {
    "column_exists": _no_column,
    "new_columns": _new_columns,
    "type": _other_type,
    "key_not_null": _no_value,
    "time_not_null": _no_value,
    "target_not_null": _no_value,
    "not_null": _no_value,
    "key_unique": _not_unique,
    "freshness": _too_old,
    "volume": _too_few,
    "volume_history": _too_few,
    "late": _too_late,
    "learned_nulls": _null_share,
}


def _rows(failing: int, total: int) -> str:
    return f"{failing} of {total} rows {'is' if failing == 1 else 'are'}"
