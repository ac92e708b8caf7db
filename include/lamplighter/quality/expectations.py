"""Runs checks in Great Expectations."""

from __future__ import annotations

from collections.abc import Sequence
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
from lamplighter.quality.findings import Finding, describe

_QUICK: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}
# Without the rows themselves, which would be a copy of the frame for each failed check.
_THOROUGH: dict[str, Any] = {"result_format": "COMPLETE", "include_unexpected_rows": False}


@dataclass(frozen=True)
class Answers:
    """What the checks of one subject found, and the same as Great Expectations says it."""

    results: list[CheckResult]
    raw: list[Any]


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
) -> Answers:
    """Run checks of one subject over its frame; a result for each, in the same order.

    Most checks hold, and whether one does is quickly known. Only those that do not are asked a
    second time, for the failing rows.

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
        return Answers([], [])
    frame = frame.reset_index(drop=True)
    batch = _batch(context, frame)
    answers = _ask(batch, table, checks, range(len(checks)), _QUICK)
    failed = [position for position, answer in answers.items() if not answer.success]
    answers |= _ask(batch, table, checks, failed, _THOROUGH)
    raw = [answers[position] for position in range(len(checks))]
    return Answers(
        [
            describe(table, check, _finding(answer), frame, show)
            for check, answer in zip(checks, raw, strict=True)
        ],
        raw,
    )


def _ask(
    batch: Any,
    table: str,
    checks: Sequence[Check],
    positions: Sequence[int],
    result_format: dict[str, Any],
) -> dict[int, Any]:
    if not positions:
        return {}
    expectations = [_expectation(checks[position], position) for position in positions]
    suite = gx.ExpectationSuite(name=table, expectations=expectations)
    outcome = batch.validate(suite, result_format=result_format)
    return {int(r.expectation_config.meta["position"]): r for r in outcome.results}


def _expectation(check: Check, position: int) -> Any:
    kind = getattr(gxe, check.expectation) if isinstance(check.expectation, str) else None
    arguments = dict(check.arguments)
    meta = {**(arguments.pop("meta", None) or {}), "position": position}
    return (kind or check.expectation)(**arguments, meta=meta)  # type: ignore[operator]


def _batch(context: Any, frame: pd.DataFrame) -> Any:
    asset = context.data_sources.add_or_update_pandas("rows").add_dataframe_asset("rows")
    whole = asset.add_batch_definition_whole_dataframe("rows")
    return whole.get_batch(batch_parameters={"dataframe": frame})


def _finding(answer: Any) -> Finding:
    return Finding(bool(answer.success), dict(answer.result), answer.exception_info or {})
