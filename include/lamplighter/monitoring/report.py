"""The drift report as a page: the worst columns first, each with both its distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lamplighter.evaluation.report import render_page
from lamplighter.monitoring.charts import paired_bars


def render_drift(document: Mapping[str, Any]) -> str:
    """Return the page of a drift report (see `lamplighter.monitoring.document`)."""
    return render_page("drift.html.j2", doc=document, bars=_bars)


def _bars(column: Mapping[str, Any]) -> Markup:
    bars = column["bars"]
    return paired_bars(
        bars["labels"], bars["reference"], bars["current"], title=f"Shares of {column['column']}"
    )
