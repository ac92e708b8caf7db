"""Several curves over many days, as inline SVG that follows the page's light or dark colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 880, 300, 62, 14, 12, 30
_COLOURS = ("#3b76c4", "#c4683b", "#3f9c6b", "#9456b8", "#b89a2e", "#c23b6a", "#4aa3b8", "#7a7f87")
_TICKS = 5
_DASH = 9


@dataclass(frozen=True)
class Curve:
    """A named value for each day; None where there is none."""

    name: str
    values: tuple[float | None, ...]


def curves_over_time(days: Sequence[str], curves: Sequence[Curve], *, title: str) -> Markup:
    """Draw the curves with a legend that names each beside its colour.

    Where curves are equal, their dashes take turns, so that none hides another.
    """
    known = [value for curve in curves for value in curve.values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    reach = (high - low) or 1.0
    marks = [_level(low + reach * step / (_TICKS - 1), low, reach) for step in range(_TICKS)]
    marks += [_day(days, place) for place in _places(len(days))]
    points = [_points(curve, len(days), low, reach) for curve in curves]
    for number, stretches in enumerate(_stretches(points)):
        colour = _COLOURS[number % len(_COLOURS)]
        marks += [_line(stretch, number, colour) for stretch in stretches]
    drawing = Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-label="{t}" style="max-width:{w}px">{m}</svg>'
    ).format(w=_WIDTH, h=_HEIGHT, t=title, m=Markup("").join(marks))
    legend = Markup("").join(
        Markup(
            '<span class="nowrap"><span style="display:inline-block;width:1.6em;height:.25em;'
            'margin:0 .4em .25em 0;background:{}"></span>{}</span> &nbsp; '
        ).format(_COLOURS[number % len(_COLOURS)], curve.name)
        for number, curve in enumerate(curves)
    )
    return Markup('<p class="quiet">{}</p>{}').format(legend, drawing)


def _x(place: int, count: int) -> float:
    return _LEFT + place / max(count - 1, 1) * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, low: float, reach: float) -> float:
    return _TOP + (low + reach - value) / reach * (_HEIGHT - _TOP - _BOTTOM)


def _level(value: float, low: float, reach: float) -> Markup:
    y = _y(value, low, reach)
    return Markup(
        '<line class="grid" x1="{l}" y1="{y:.1f}" x2="{r}" y2="{y:.1f}"/>'
        '<text class="label" x="{x}" y="{b:.1f}" text-anchor="end">{v:.4g}</text>'
    ).format(l=_LEFT, r=_WIDTH - _RIGHT, y=y, x=_LEFT - 6, b=y + 4, v=value)


def _places(count: int) -> list[int]:
    if count < 2:
        return list(range(count))
    shown = min(6, count)
    return [round(step * (count - 1) / (shown - 1)) for step in range(shown)]


def _day(days: Sequence[str], place: int) -> Markup:
    anchor = "end" if place == len(days) - 1 and place else "middle" if place else "start"
    return Markup('<text class="label" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
        _x(place, len(days)), _HEIGHT - 8, anchor, days[place]
    )


def _points(curve: Curve, count: int, low: float, reach: float) -> list[str]:
    """Return where the curve is on each day; nothing where it has no value."""
    return [
        "" if value is None else f"{_x(place, count):.1f},{_y(value, low, reach):.1f}"
        for place, value in enumerate(curve.values)
    ]


@dataclass(frozen=True)
class _Stretch:
    """Days in a row on which a curve runs together with the same others, or alone."""

    points: tuple[str, ...]
    together: tuple[int, ...]


def _stretches(points: Sequence[list[str]]) -> list[list[_Stretch]]:
    """Cut each curve, by its number, where it has a gap and where others join or leave it."""
    found: list[list[_Stretch]] = [[] for _ in points]
    for place in range(1, len(points[0]) if points else 0):
        ways: dict[tuple[str, str], list[int]] = {}
        for number, own in enumerate(points):
            if own[place - 1] and own[place]:
                ways.setdefault((own[place - 1], own[place]), []).append(number)
        for way, numbers in ways.items():
            for number in numbers:
                _go_on(found[number], way, tuple(numbers), points[number][place - 1])
    return found


def _go_on(
    stretches: list[_Stretch], way: tuple[str, str], together: tuple[int, ...], begin: str
) -> None:
    last = stretches[-1] if stretches else None
    if last is not None and last.together == together and last.points[-1] == begin:
        stretches[-1] = _Stretch((*last.points, way[1]), together)
    else:
        stretches.append(_Stretch(way, together))


def _line(stretch: _Stretch, number: int, colour: str) -> Markup:
    dashes = Markup("")
    if len(stretch.together) > 1:
        turn = stretch.together.index(number)
        dashes = Markup(' stroke-dasharray="{} {}" stroke-dashoffset="{}"').format(
            _DASH, _DASH * (len(stretch.together) - 1), -_DASH * turn
        )
    return Markup(
        '<polyline fill="none" stroke="{}" stroke-width="1.8" stroke-linejoin="round"{} '
        'points="{}"/>'
    ).format(colour, dashes, " ".join(stretch.points))
