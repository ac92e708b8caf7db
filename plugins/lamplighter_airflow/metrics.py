"""What a night measures, through Airflow's own metrics: StatsD or OpenTelemetry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk.observability import stats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lamplighter.contracts import Contract, RunRef, RunReport

log = logging.getLogger(__name__)

_GAUGES = {
    "ExamplesRef": {"rows": "rows", "features": "features"},
    "SnapshotRef": {"quarantined": "quarantined", "warnings": "warnings"},
    "DriftRef": {"drifted_columns": "drifted_columns"},
    "SearchRef": {"trials": "trials", "failed_trials": "failed_trials"},
}
"""Contract, and which of its fields is sent under which name."""


def count_night(
    run: RunRef,
    report: RunReport,
    outcomes: Mapping[str, Contract | None],
    seconds: Mapping[str, float],
) -> None:
    """Send a live night's numbers; a backfill and a dry run would only blur them.

    Sent are ``lamplighter.MODEL.night.OUTCOME`` (a counter), ``lamplighter.MODEL.NUMBER`` (gauges)
    and ``lamplighter.MODEL.step.STEP`` (how long each step took). Whether anything listens is
    Airflow's ``[metrics]``. Raises nothing.
    """
    if run.timeline != "live" or run.dry_run:
        return
    prefix = f"lamplighter.{run.model}"
    try:
        stats.incr(f"{prefix}.night.{report.outcome}")
        for name, value in _numbers(outcomes):
            stats.gauge(f"{prefix}.{name}", value)
        for step, duration in seconds.items():
            stats.timing(f"{prefix}.step.{step}", duration * 1000.0)
    except Exception:
        log.exception("the night's metrics could not be sent")


def _numbers(outcomes: Mapping[str, Contract | None]) -> Iterator[tuple[str, int]]:
    for outcome in outcomes.values():
        for field, name in _GAUGES.get(type(outcome).__name__, {}).items():
            value = getattr(outcome, field)
            yield name, value if isinstance(value, int) else len(value)
