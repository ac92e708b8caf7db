"""Drawings of explanations: spans of a feature each, and curves of partial dependence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lamplighter.evaluation.drawing import (
    Frame,
    dot,
    grid,
    label,
    padded,
    path,
    rectangle,
    round_values,
    segment,
    svg,
    vertical_tick,
)

STYLES = ("candidate", "champion", "base")
"""Of the curves of several classes, in their order."""

_ROW, _AXIS = 24, 26
_LETTERS = 26
_LETTERS_BELOW = 10
_SPARSE, _IN_ONE_LINE = 12, 4


@dataclass(frozen=True)
class Span:
    """One line of a drawing of spans: an outer and perhaps an inner range, and a value."""

    name: str
    outer: tuple[float, float]
    value: float
    tip: str
    inner: tuple[float, float] | None = None
    style: str = "open"


def spans(rows: Sequence[Span], *, title: str) -> Markup:
    """Draw a line for each feature, on one axis that shows 0."""
    if not rows:
        return Markup("")
    frame = Frame(
        padded([0.0, *(end for row in rows for end in (*row.outer, row.value))]),
        (0, 1),
        height=_ROW * len(rows) + _AXIS + 6,
        left=190,
        top=4,
        bottom=_AXIS,
    )
    marks = [vertical_tick(frame, tick) for tick in round_values(*frame.x_range, most=5)]
    marks.append(segment(frame.x(0), frame.top, frame.x(0), frame.floor, "zero"))
    for place, row in enumerate(rows):
        middle = frame.top + _ROW * (place + 0.5)
        marks.append(label(frame.left - 8, middle + 4, _short(row.name), "end"))
        low, high = (frame.x(end) for end in row.outer)
        marks.append(segment(low, middle, high, middle, f"whisker {row.style}"))
        if row.inner:
            low, high = (frame.x(end) for end in row.inner)
            marks.append(rectangle(low, middle - 5, high, middle + 5, "box", row.tip))
        marks.append(_marker(frame.x(row.value), middle, row.style, row.tip))
    return svg(frame, marks, title)


def dependence_chart(curve: Mapping[str, Any]) -> Markup:
    """Draw one feature's partial dependence, as its document has it."""
    known = [point for point in curve["points"] if point["at"] is not None]
    if not known:
        return Markup("")
    heights = [v for p in known for v in (p["mean"] if len(curve["curves"]) > 1 else _ends(p))]
    by_value = curve["kind"] == "number"
    places = [float(p["at"]) for p in known] if by_value else list(map(float, range(len(known))))
    x_range = padded(places) if len(places) > 1 else (places[0] - 0.5, places[0] + 0.5)
    frame = Frame(x_range, padded(heights), width=420, height=230, left=58, bottom=40)
    marks = [grid(frame)]
    if by_value:
        marks += [vertical_tick(frame, tick) for tick in round_values(*x_range, most=4)]
    else:
        marks += _names(frame, places, [str(point["at"]) for point in known])
    if len(curve["curves"]) == 1:
        marks += _spread(frame, places, known, joined=curve["kind"] != "category")
    for number, name in enumerate(curve["curves"]):
        line = list(zip(places, (point["mean"][number] for point in known), strict=True))
        style = STYLES[number]
        if curve["kind"] != "category":
            marks.append(path(frame, line, f"line {style}"))
        for at, point in zip(line, known, strict=True):
            marks.append(dot(frame, at, style, _tip(name, point, number)))
    return svg(frame, marks, f"Partial dependence on {curve['feature']}")


def _spread(
    frame: Frame, places: Sequence[float], points: Sequence[Mapping[str, Any]], *, joined: bool
) -> list[Markup]:
    low = [(x, point["low"][0]) for x, point in zip(places, points, strict=True)]
    high = [(x, point["high"][0]) for x, point in zip(places, points, strict=True)]
    if joined and len(places) > 1:
        corners = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in (*low, *high[::-1]))
        return [Markup('<polygon class="band" points="{}"/>').format(corners)]
    return [
        segment(frame.x(x), frame.y(bottom), frame.x(x), frame.y(top), "spread")
        for (x, bottom), (_, top) in zip(low, high, strict=True)
    ]


def _names(frame: Frame, places: Sequence[float], names: Sequence[str]) -> list[Markup]:
    every = max(1, -(-len(names) // _SPARSE))
    dates = all(len(name) > _LETTERS_BELOW and name[4:5] == "-" for name in names)
    return [
        label(
            frame.x(x),
            frame.floor + (16 if len(names) <= _IN_ONE_LINE or place // every % 2 == 0 else 30),
            name[:10] if dates else _short(name, _LETTERS_BELOW),
            "middle",
        )
        for place, (x, name) in enumerate(zip(places, names, strict=True))
        if place % every == 0
    ]


def _ends(point: Mapping[str, Any]) -> tuple[float, float, float]:
    return point["low"][0], point["mean"][0], point["high"][0]


def _tip(name: str, point: Mapping[str, Any], number: int) -> str:
    low, mean, high = (point[key][number] for key in ("low", "mean", "high"))
    return (
        f"{point['at']}: {name} {mean:.4g}, of rows {low:.4g} to {high:.4g}; "
        f"{point['share']:.1%} of rows"
    )


def _marker(x: float, y: float, style: str, tip: str) -> Markup:
    return Markup(
        '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="4"><title>{}</title></circle>'
    ).format(style, x, y, tip)


def _short(text: str, letters: int = _LETTERS) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
