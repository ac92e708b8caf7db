"""The page of an evaluated range: a line per version over the days, champion changes marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from lamplighter.evaluation.charts import gains_by_day
from lamplighter.evaluation.drawing import (
    Frame,
    Point,
    day_axis,
    dot,
    grid,
    label,
    padded,
    path,
    segment,
    svg,
)
from lamplighter.evaluation.means import mean_of_days
from lamplighter.evaluation.report import render_page

COLOURS = 6
"""Lines beyond these take a colour that another one has."""

_MOST_DOTS = 120
_ROOM = 26  # between two labels of changes


def render_range(document: Mapping[str, Any]) -> str:
    """Return the page of a range (see `lamplighter.steps.historic.document`)."""
    return render_page(
        "historic.html.j2",
        doc=document,
        lines=_lines(document),
        gaps=_gaps(document),
        colours=COLOURS,
    )


def _lines(document: Mapping[str, Any]) -> Markup:
    days, metric = document["days"], document["metric"]
    drawn = [
        (number, line, [p for p in line["points"] if p["value"] is not None])
        for number, line in enumerate(document["lines"])
    ]
    frame = Frame(
        (-0.5, len(days) - 0.5),
        padded([p["value"] for _, _, points in drawn for p in points]),
        height=320,
        top=26,
    )
    marks = [grid(frame), day_axis(frame, days), *_changes(frame, document["changes"])]
    for number, line, points in reversed(drawn):  # champions on top
        style = f"v{number % COLOURS}"
        for stretch, learnt in _stretches(points):
            marks.append(path(frame, stretch, f"line {style}{' learnt' if learnt else ''}"))
        if len(days) <= _MOST_DOTS:
            marks += [
                dot(
                    frame,
                    (p["day"], p["value"]),
                    style,
                    f"{days[p['day']]}, version {line['version']}: {metric} {p['value']:.5f}",
                )
                for p in points
            ]
    return svg(frame, marks, f"Mean {metric} of each day, a line per version")


def _stretches(points: Sequence[Mapping[str, Any]]) -> list[tuple[list[Point], bool]]:
    """Cut a line where days are missing, and where days begin that training had not seen."""
    found: list[tuple[list[Point], bool]] = []
    last = None
    for point in points:
        here, learnt = (float(point["day"]), float(point["value"])), point["trained_before"] > 0
        if last is not None and point["day"] == last + 1 and found[-1][1] == learnt:
            found[-1][0].append(here)
        elif last is not None and point["day"] == last + 1:
            found.append(([found[-1][0][-1], here], learnt))
        else:
            found.append(([here], learnt))
        last = point["day"]
    return found


def _changes(frame: Frame, changes: Sequence[Mapping[str, Any]]) -> list[Markup]:
    marks, free = [], float("-inf")
    for change in changes:
        x = frame.x(change["day"] - 0.5)
        marks.append(segment(x, frame.top, x, frame.floor, "line diagonal"))
        if x >= free:
            marks.append(label(x, frame.top - 8, f"→ {change['to_version']}", "middle"))
            free = x + _ROOM
    return marks


def _gaps(document: Mapping[str, Any]) -> Markup:
    """Draw by how much the loss of each day's champion is smaller in hindsight."""
    days = document["days"]
    gaps: list[float | None] = [None] * len(days)
    for line in document["lines"]:
        if line["chosen_by"] == document["lines"][0]["chosen_by"]:
            for point in line["points"]:
                gaps[point["day"]] = point["gap"]
    known = np.array([gap for gap in gaps if gap is not None])
    if len(known) < 2 or not known.any():
        return Markup("")
    mean = mean_of_days(known)
    band = mean.interval(0.95) if mean else None
    return gains_by_day(
        days,
        gaps,
        (band.lower, band.value, band.upper) if band else None,
        title=f"How much smaller the {document['metric']} of each day is in hindsight",
    )
