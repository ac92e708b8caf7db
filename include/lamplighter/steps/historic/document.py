"""Evaluations of a range as one document: lines over days, who followed whom, and sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from lamplighter.evaluation.means import mean_of_days
from lamplighter.ledger import Release
from lamplighter.ledger.records import NO_CHAMPION, HistoricEvaluation
from lamplighter.spec import ModelSpec
from lamplighter.steps.historic.plan import CHAMPION

_LEAST_DAYS = 2


def range_document(
    spec: ModelSpec, evaluations: Sequence[HistoricEvaluation], releases: Sequence[Release]
) -> dict[str, Any]:
    """Return what there is to say about the evaluations of a range, as plain JSON values.

    Returns
    -------
    dict
        - ``model``, ``metric`` (the loss), ``zone``, ``start``, ``end`` (of the first, last day);
        - ``days``: the local date on which each day begins;
        - ``lines``: one per choice and version, with ``points``: the day's place in ``days``, the
          value with its interval by the latest labels, the same in hindsight, the gap (how much
          smaller the loss is in hindsight), counts of rows;
        - ``summary``: the same for all days of a line together, the gap with its interval;
        - ``changes``: when the champion changed, from which version to which, and at which place;
        - ``without``: days on which there was no champion for some or all of the time;
        - ``evaluations``: every row.
    """
    starts = sorted({e.interval_start for e in evaluations})
    end = max(e.interval_end for e in evaluations)
    places = {start: place for place, start in enumerate(starts)}
    lines = [
        _line(spec, who, version, list(rows), places)
        for (who, version), rows in _grouped(evaluations)
        if version != NO_CHAMPION
    ]
    without = sorted({places[e.interval_start] for e in evaluations if e.version == NO_CHAMPION})
    days = [f"{start.astimezone(spec.zone):%Y-%m-%d}" for start in starts]
    return {
        "model": spec.model,
        "metric": spec.loss,
        "zone": str(spec.zone),
        "start": starts[0].isoformat(),
        "end": end.isoformat(),
        "days": days,
        "lines": lines,
        "summary": [_summary(line) for line in lines],
        "changes": list(_changes(releases, starts, end)),
        "without": [days[place] for place in without],
        "evaluations": [_row(evaluation) for evaluation in evaluations],
    }


def _grouped(
    evaluations: Iterable[HistoricEvaluation],
) -> Iterable[tuple[tuple[str, str], list[HistoricEvaluation]]]:
    found: dict[tuple[str, str], list[HistoricEvaluation]] = {}
    for evaluation in evaluations:
        found.setdefault((evaluation.chosen_by, evaluation.version), []).append(evaluation)
    # Champions first; the rest as they come.
    return sorted(found.items(), key=lambda group: group[0][0] != CHAMPION)


def _line(
    spec: ModelSpec,
    who: str,
    version: str,
    rows: Sequence[HistoricEvaluation],
    places: dict[datetime, int],
) -> dict[str, Any]:
    by_day: dict[datetime, dict[bool, HistoricEvaluation]] = {}
    for row in rows:  # in the order of what was known: the last one knows most
        by_day.setdefault(row.interval_start, {})[row.hindsight] = row
    points = [
        _point(spec.loss, places[start], looks[False], looks.get(True))
        for start, looks in by_day.items()
        if False in looks
    ]
    problems = sorted({row.details["problem"] for row in rows if row.details.get("problem")})
    return {"chosen_by": who, "version": version, "points": points, "problems": problems}


def _point(
    loss: str, place: int, then: HistoricEvaluation, hindsight: HistoricEvaluation | None
) -> dict[str, Any]:
    value: dict[str, Any] = then.metrics.get(loss, {})
    later = hindsight.metrics.get(loss, {}).get("value") if hindsight else None
    now = value.get("value")
    return {
        "day": place,
        "value": now,
        "lower": value.get("lower"),
        "upper": value.get("upper"),
        "metrics": {name: estimate["value"] for name, estimate in then.metrics.items()},
        "hindsight": later,
        "gap": None if now is None or later is None else now - later,
        "rows": then.rows,
        "labelled_rows": then.labelled_rows,
        "matured_rows": then.details["matured_rows"],
        "trained_before": then.details.get("trained_before", 0),
        "knowledge_time": then.knowledge_time.isoformat(),
    }


def _summary(line: dict[str, Any]) -> dict[str, Any]:
    points = [point for point in line["points"] if point["value"] is not None]
    weights = np.array([point["labelled_rows"] for point in points], dtype=float)
    names = list(dict.fromkeys(name for point in points for name in point["metrics"]))
    gaps = np.array([point["gap"] for point in points if point["gap"] is not None])
    mean = mean_of_days(gaps) if len(gaps) >= _LEAST_DAYS else None
    return {
        "chosen_by": line["chosen_by"],
        "version": line["version"],
        "days": len(line["points"]),
        "rows": sum(point["rows"] for point in line["points"]),
        "labelled_rows": sum(point["labelled_rows"] for point in line["points"]),
        "matured_rows": sum(point["matured_rows"] for point in line["points"]),
        "days_trained_before": sum(point["trained_before"] > 0 for point in line["points"]),
        "metrics": {name: _weighted(points, name, weights) for name in names},
        "gap": mean.interval(0.95).model_dump(mode="json") if mean else None,
        "problems": line["problems"],
    }


def _weighted(points: Sequence[dict[str, Any]], name: str, weights: np.ndarray) -> float:
    """Return the mean of a metric's days, each as heavy as it has labelled rows."""
    values = np.array([point["metrics"].get(name, np.nan) for point in points], dtype=float)
    there = ~np.isnan(values)
    return float(np.average(values[there], weights=weights[there]))


def _changes(
    releases: Sequence[Release], starts: Sequence[datetime], end: datetime
) -> Iterable[dict[str, Any]]:
    before = None
    for release in releases:
        if starts[0] < release.valid_from < end and release.version != before:
            day = max(place for place, start in enumerate(starts) if start <= release.valid_from)
            yield {
                "at": release.valid_from.isoformat(),
                "day": day,
                "from_version": before,
                "to_version": release.version,
            }
        before = release.version


def _row(evaluation: HistoricEvaluation) -> dict[str, Any]:
    return {
        "version": evaluation.version,
        "chosen_by": evaluation.chosen_by,
        "start": evaluation.interval_start.isoformat(),
        "end": evaluation.interval_end.isoformat(),
        "knowledge_time": evaluation.knowledge_time.isoformat(),
        "hindsight": evaluation.hindsight,
        "rows": evaluation.rows,
        "labelled_rows": evaluation.labelled_rows,
        "metrics": evaluation.metrics,
        "slices": list(evaluation.slices),
        **evaluation.details,
    }
