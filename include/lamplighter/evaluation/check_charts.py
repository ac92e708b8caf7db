"""Drawings of the gate's checks: an interval a line, and the limit across them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lamplighter.evaluation.drawing import (
    Frame,
    label,
    padded,
    round_values,
    segment,
    svg,
    vertical_tick,
)
from lamplighter.evaluation.wording import figure

_ROW, _AXIS = 24, 26
_LETTERS = 34
_DRAWN = ("slices", "fairness")
_ALWAYS = ("selection_rate",)


def check_charts(document: Mapping[str, Any]) -> dict[str, list[tuple[str, Markup]]]:
    """Return a title and a drawing for each number of slices and groups, by section."""
    return {section: _of_section(document["checks"], section) for section in _DRAWN}


def _of_section(checks: Sequence[Mapping[str, Any]], section: str) -> list[tuple[str, Markup]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for check in checks:
        if check["section"] == section and check["estimate"]:
            found.setdefault(check["what"], []).append(check)
    return [
        (_caption(what, some[0]["limit"]), _intervals(some, title=f"{what} of each"))
        for what, some in found.items()
        if len(some) > 1
        and (some[0]["limit"] is not None or what in _ALWAYS or section == "slices")
    ]


def _caption(what: str, limit: float | None) -> str:
    return f"{what} of each, and the limit (dashed)" if limit is not None else f"{what} of each"


def _intervals(checks: Sequence[Mapping[str, Any]], *, title: str) -> Markup:
    limit = checks[0]["limit"]
    ends = [end for check in checks for end in check["estimate"].values()]
    frame = Frame(
        padded([*ends, *([limit] if limit is not None else [])]),
        (0, 1),
        height=_ROW * len(checks) + _AXIS + 6,
        left=250,
        top=4,
        bottom=_AXIS,
    )
    marks = [vertical_tick(frame, tick) for tick in round_values(*frame.x_range, most=6)]
    if limit is not None:
        x = frame.x(limit)
        marks.append(segment(x, frame.top, x, frame.floor, "line diagonal"))
    for place, check in enumerate(checks):
        middle, style = frame.top + _ROW * (place + 0.5), _style(check)
        lower, value, upper = (check["estimate"][key] for key in ("lower", "value", "upper"))
        name = check["about"]
        shown = name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
        marks.append(label(frame.left - 8, middle + 4, shown, "end"))
        marks.append(segment(frame.x(lower), middle, frame.x(upper), middle, f"span {style}"))
        tip = f"{name}: {figure(value)} ({figure(lower)} to {figure(upper)})"
        marks.append(
            Markup(
                '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="5"><title>{}</title></circle>'
            ).format(style, frame.x(value), middle, tip)
        )
    return svg(frame, marks, title)


def _style(check: Mapping[str, Any]) -> str:
    return "open" if check["kept"] is None else "good" if check["kept"] else "bad"
