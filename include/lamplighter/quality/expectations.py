"""Runs checks in Great Expectations, and says what it found. The only module that imports it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)

from lamplighter.quality.checks import Check, CheckResult

SAMPLE_SIZE = 5


def open_context() -> Any:
    """Return a context in memory: no files, no network, no progress bars, no Data Docs."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def run_checks(
    context: Any,
    table: str,
    checks: Sequence[Check],
    frame: pd.DataFrame,
    *,
    show: Sequence[str],
) -> list[CheckResult]:
    """Run checks of one subject over its frame; a result for each, in the same order.

    Parameters
    ----------
    context : EphemeralDataContext
        As `open_context` returns it; one serves many frames.
    frame : pandas.DataFrame
        The subject's rows.
    show : sequence of str
        Columns that name a failing row to a reader, such as the key.
    """
    if not checks:
        return []
    frame = frame.reset_index(drop=True)
    suite = gx.ExpectationSuite(
        name=table,
        expectations=[
            getattr(gxe, check.expectation)(**check.arguments, meta={"position": position})
            for position, check in enumerate(checks)
        ],
    )
    outcome = _batch(context, frame).validate(suite, result_format="SUMMARY")
    results = [
        (
            int(result.expectation_config.meta["position"]),
            _Finding(bool(result.success), dict(result.result), result.exception_info or {}),
        )
        for result in outcome.results
    ]
    ordered = [finding for _, finding in sorted(results, key=lambda pair: pair[0])]
    return [
        _result(table, check, finding, frame, show)
        for check, finding in zip(checks, ordered, strict=True)
    ]


@dataclass(frozen=True)
class _Finding:
    success: bool
    details: dict[str, Any]
    trouble: dict[str, Any]

    @property
    def failing(self) -> int:
        return int(self.details.get("unexpected_count") or 0)


def _batch(context: Any, frame: pd.DataFrame) -> Any:
    asset = context.data_sources.add_or_update_pandas("rows").add_dataframe_asset("rows")
    whole = asset.add_batch_definition_whole_dataframe("rows")
    return whole.get_batch(batch_parameters={"dataframe": frame})


def _result(
    table: str, check: Check, finding: _Finding, frame: pd.DataFrame, show: Sequence[str]
) -> CheckResult:
    sample = () if finding.success else _sample(finding, frame, show)
    return CheckResult(
        table=table,
        check=check.name,
        column=", ".join(check.columns),
        severity=check.severity,
        success=finding.success,
        found="" if finding.success else _found(check, finding, frame, sample),
        expected=check.expected,
        remedy=check.remedy,
        failing_rows=0 if finding.success else finding.failing,
        sample=sample,
    )


def _sample(finding: _Finding, frame: pd.DataFrame, show: Sequence[str]) -> tuple[str, ...]:
    positions = list(finding.details.get("partial_unexpected_index_list") or [])[:SAMPLE_SIZE]
    columns = [column for column in show if column in frame.columns]
    failing = frame.loc[positions, columns]
    return tuple(
        ", ".join(f"{column}={value}" for column, value in row.items())
        for row in failing.to_dict("records")
    )


def _found(check: Check, finding: _Finding, frame: pd.DataFrame, sample: Iterable[str]) -> str:
    if any(info.get("raised_exception") for info in _exceptions(finding.trouble)):
        reason = next(i["exception_message"] for i in _exceptions(finding.trouble))
        return f"the check could not be made ({str(reason).splitlines()[0]})"
    sentence = _SENTENCES.get(check.name, _rows_fail)(check, finding, frame)
    first = next(iter(sample), "")
    return f"{sentence} (for example {first})" if first else sentence


def _exceptions(trouble: dict[str, Any]) -> list[dict[str, Any]]:
    if "raised_exception" in trouble:
        return [trouble]
    return [info for info in trouble.values() if isinstance(info, dict)]


def _rows_fail(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    values = list(dict.fromkeys(map(str, finding.details.get("partial_unexpected_list") or [])))
    shown = f": {', '.join(values[:SAMPLE_SIZE])}" if values else ""
    return f"{_rows(finding.failing, len(frame))} outside{shown}"


def _no_value(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    return f"{_rows(finding.failing, len(frame))} without a value"


def _not_unique(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    return f"{_rows(finding.failing, len(frame))} not alone with their key"


def _no_column(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    wanted = check.columns[0]
    near = difflib.get_close_matches(wanted, map(str, frame.columns), n=1)
    hint = f"; the nearest name is {near[0]!r}" if near else ""
    return f"no column {wanted!r} among {len(frame.columns)}{hint}"


def _other_type(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    return f"the type {frame[check.columns[0]].iloc[0]}"


def _too_old(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    if frame.empty:
        return "no row at all"
    return f"the newest row is of {frame['newest'].iloc[0]:%Y-%m-%d %H:%M %Z}"


def _too_few(check: Check, finding: _Finding, frame: pd.DataFrame) -> str:
    if "day" not in frame.columns:
        return f"{len(frame)} rows"
    positions = list(finding.details.get("partial_unexpected_index_list") or [])
    days = [f"{row.day} has {row.rows}" for row in frame.loc[positions].itertuples()]
    more = f" and {finding.failing - SAMPLE_SIZE} more days" if len(days) > SAMPLE_SIZE else ""
    return f"{', '.join(days[:SAMPLE_SIZE])}{more}"


_SENTENCES = {
    "column_exists": _no_column,
    "type": _other_type,
    "key_not_null": _no_value,
    "time_not_null": _no_value,
    "target_not_null": _no_value,
    "not_null": _no_value,
    "key_unique": _not_unique,
    "freshness": _too_old,
    "volume": _too_few,
    "volume_history": _too_few,
}


def _rows(failing: int, total: int) -> str:
    return f"{failing} of {total} rows {'is' if failing == 1 else 'are'}"
