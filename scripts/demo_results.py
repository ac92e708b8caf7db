"""What the demo's nights came to, read from the ledger and from the nights' own reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.predictions import PredictionTable
from lamplighter.ledger import Ledger

if TYPE_CHECKING:
    from datetime import datetime

    from lamplighter.contracts import ArtifactRef
    from lamplighter.steps.store_paths import StorePaths

_METRIC = "roc_auc"
_ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class NightResult:
    """One line of the demo's table."""

    as_of: datetime
    started_by: str
    rows: int | None
    verdict: str
    reason: str
    candidate: str
    champion: str
    seconds: float
    night: str
    report: str
    faults: frozenset[str] = frozenset()
    """What the data did wrong, as ``table.check``."""


def night_result(paths: StorePaths, night: str, *, seconds: float) -> NightResult | None:
    """Read what a night came to; None if it never got as far as to have a report.

    Parameters
    ----------
    night : str
        The night's id in the ledger, ``<dag id>/<run id>``.
    seconds : float
        How long its run took.
    """
    store = ArtifactStore(paths.artifacts)
    run = Ledger.open(paths.ledger).run(night)
    page = store.find(f"{run.run_key}/night.html") if run else None
    report = store.find(f"{run.run_key}/night.json") if run else None
    if run is None or report is None or page is None:
        return None
    document = json.loads(store.read(report))
    judged = _metric(document["evaluation"])
    return NightResult(
        as_of=run.as_of.astimezone(_ZONE),
        started_by="schedule" if run.actor.name == "scheduler" else f"form ({run.actor.name})",
        rows=_rows_read(store, store.find(f"{run.run_key}/validation.json")),
        verdict=document["verdict"] or document["outcome"],
        reason=_reason(document),
        candidate=interval(judged.get("candidate")),
        champion=interval(judged.get("champion")),
        seconds=seconds,
        night=night,
        report=store.uri(page),
        faults=frozenset(f"{p['table']}.{p['check']}" for p in document["problems"]),
    )


def scored_day(paths: StorePaths, *, start: datetime, end: datetime) -> str:
    """Say how many flights of an interval have a prediction, and by which versions."""
    rows = PredictionTable(paths.lake).read("flights", start=start, end=end)
    by = ", ".join(sorted(rows["model_version"].unique(), key=int)) or "none"
    return f"{len(rows):,} flights scored with version {by}"


def table(results: list[NightResult]) -> str:
    """Lay the nights out: a line of numbers for each, and its reason below."""
    columns = ("night (New York)", "started by", "rows read", "verdict", "champion AUC",
               "candidate AUC", "took")  # fmt: skip
    lines = [
        (
            f"{r.as_of:%Y-%m-%d %H:%M}",
            r.started_by,
            "-" if r.rows is None else f"{r.rows:,}",
            r.verdict,
            r.champion,
            r.candidate,
            f"{r.seconds:.0f} s",
        )
        for r in results
    ]
    widths = [max(len(line[i]) for line in (columns, *lines)) for i in range(len(columns))]

    def row(cells: tuple[str, ...]) -> str:
        numbers = (2, 6)
        padded = (
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    parts = [row(columns), row(tuple("-" * width for width in widths))]
    for line, result in zip(lines, results, strict=True):
        parts += [row(line), f"    {result.reason}"]
    return "\n".join(parts)


def interval(estimate: dict[str, float] | None) -> str:
    """Write a number with its interval.

    >>> interval({"value": 0.79327, "lower": 0.74361, "upper": 0.84294})
    '.793 (.744 to .843)'
    >>> interval(None)
    '-'
    """
    if estimate is None:
        return "-"
    value, lower, upper = (
        f"{estimate[key]:.3f}".removeprefix("0") for key in ("value", "lower", "upper")
    )
    return f"{value} ({lower} to {upper})"


def _metric(evaluation: dict[str, Any] | None) -> dict[str, Any]:
    metrics = evaluation["metrics"] if evaluation else []
    return next((metric for metric in metrics if metric["name"] == _METRIC), {})


def _rows_read(store: ArtifactStore, validation: ArtifactRef | None) -> int | None:
    if validation is None:
        return None
    tables = json.loads(store.read(validation))["tables"]
    return sum(int(table["rows"]) for table in tables)


def _reason(document: dict[str, Any]) -> str:
    """Say why in one line: what the data did wrong, or what the gate read."""
    said = [
        f"{p['table']}: {p['found'].partition(' (for example ')[0]}"
        for p in document["problems"]
        if p["severity"] == "critical"
    ] or [_evidence(document)]
    stopped = document["outcome"] == "stopped by data"
    aside = sum(p["failing_rows"] for p in document["problems"] if p["severity"] == "quarantine")
    if aside:
        said.append(f"{aside} rows {'failing by themselves' if stopped else 'set aside'}")
    return "; ".join(said)


def _evidence(document: dict[str, Any]) -> str:
    evidence = (document["evaluation"] or {}).get("evidence")
    if evidence is None or evidence["gain"] is None:
        telling = (s for s in document["sentences"] if "failed: " in s or "The gate says" in s)
        said = str(next(telling, document["sentences"][0]))
        return said.partition(": ")[2].rstrip(".")
    gain = evidence["gain"]
    return (
        f"{evidence['metric']} gain {gain['value']:.4f} ({gain['lower']:.4f} to "
        f"{gain['upper']:.4f}) over {evidence['blocks']} days that neither model saw"
    )
