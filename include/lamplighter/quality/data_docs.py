"""Data Docs: the results of a table as Great Expectations itself shows them."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView

from lamplighter.quality.checks import TableValidation

_RANDOM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DRAWN_AT = re.compile(r"\?d=\d{8}T[\d.]+Z")
_TOO_LONG = ("unexpected_list", "unexpected_index_list", "unexpected_index_query")


def render_data_docs(found: TableValidation, *, model: str, as_of: datetime) -> str:
    """Return Great Expectations' page of a table's results.

    The page loads its styles from elsewhere; our own page of the same results does not. The same
    results give the same page, whenever they are shown.
    """
    results = [_plain_result(result) for result in found.raw]
    passed = sum(bool(result.success) for result in results)
    outcome = ExpectationSuiteValidationResult(
        success=passed == len(results),
        results=results,
        suite_name=f"{model}.{found.table}",
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / len(results) if results else None,
        },
        meta={
            "run_id": {"run_name": f"{model}.{found.table}", "run_time": as_of.isoformat()},
            "batch_markers": {},
            "active_batch_definition": {},
        },
    )
    document = ValidationResultsPageRenderer(run_info_at_end=False).render(outcome)
    return _steady(DefaultJinjaPageView().render(document))


def _steady(page: str) -> str:
    """Replace random names by numbers, and leave out when the page was drawn."""
    numbers: dict[str, str] = {}
    named = _RANDOM.sub(lambda found: numbers.setdefault(found[0], str(len(numbers))), page)
    return _DRAWN_AT.sub("", named)


def _plain_result(result: Any) -> Any:
    """Return the same result with Python's own numbers and without the lists of every row."""
    for key in _TOO_LONG:
        result.result.pop(key, None)
    for key, value in result.result.items():
        result.result[key] = _plain(value)
    config = result.expectation_config
    if config is not None:
        config.kwargs = _plain(dict(config.kwargs))
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return html.escape(value)  # Great Expectations' pages show it as it is
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
