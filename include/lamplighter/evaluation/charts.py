"""Drawings for the reports: inline SVG that follows the page's light or dark colours.

Every function returns markup that is safe to place in a page: all text is escaped. Colours come
from the page's style sheet by class: `candidate`, `champion`, `base`, `good`, `bad`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One model's values, in the order of the days; None where it has none."""

    name: str
    style: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class _Frame:
    """The plotting area and its scales, in SVG units."""

    x_range: Point
    y_range: Point
    width: int = 880
    height: int = 240
    left: int = 62
    bottom: int = 34
    top: int = 12
    right: int = 14

    def x(self, value: float) -> float:
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        low, high = self.y_range
        inside = self.height - self.top - self.bottom
        return self.top + (high - value) / (high - low) * inside

    @property
    def floor(self) -> float:
        return float(self.height - self.bottom)


def lines_by_day(days: Sequence[str], lines: Sequence[Line], *, title: str) -> Markup:
    """Draw one line per model over the days."""
    known = [value for line in lines for value in line.values if value is not None]
    frame = _Frame((-0.5, len(days) - 0.5), _padded(known))
    marks = [_grid(frame), _day_axis(frame, days)]
    for line in lines:
        points = [(i, v) for i, v in enumerate(line.values) if v is not None]
        marks.append(_path(frame, points, f"line {line.style}"))
        marks += [
            _dot(frame, point, line.style, f"{days[int(point[0])]}, {line.name}: {point[1]:.5f}")
            for point in points
        ]
    return _svg(frame, marks, title)


def gains_by_day(
    days: Sequence[str],
    gains: Sequence[float | None],
    band: tuple[float, float, float] | None,
    *,
    title: str,
) -> Markup:
    """Draw each day's gain as a bar from 0, and the mean gain (lower, value, upper) as a band."""
    known = [gain for gain in gains if gain is not None]
    frame = _Frame((-0.5, len(days) - 0.5), _padded([0.0, *known, *(band or ())]))
    marks = [_grid(frame), _day_axis(frame, days)]
    if band:
        lower, value, upper = band
        right = frame.width - frame.right
        marks.append(
            _rectangle(frame.left, frame.y(upper), right, frame.y(lower), "band", "interval")
        )
        marks.append(_segment(frame.left, frame.y(value), right, frame.y(value), "line mean"))
    zero = frame.y(0)
    half = (frame.x(1) - frame.x(0)) * 0.32
    for place, gain in enumerate(gains):
        if gain is not None:
            x, style = frame.x(place), "good" if gain >= 0 else "bad"
            top, low = sorted((zero, frame.y(gain)))
            tip = f"{days[place]}: {gain:+.5f}"
            marks.append(_rectangle(x - half, top, x + half, low, f"bar {style}", tip))
    marks.append(_segment(frame.left, zero, frame.width - frame.right, zero, "zero"))
    return _svg(frame, marks, title)


def interval_on_axis(
    lower: float, value: float, upper: float, *, threshold: float, title: str
) -> Markup:
    """Draw an interval against 0 and against the least gain asked for."""
    frame = _Frame(_padded([0.0, threshold, lower, upper]), (0, 1), height=76, left=14, top=6)
    style = "good" if lower > threshold else "bad" if upper < 0 else "open"
    middle = frame.y(0.5)
    marks = [
        *(_vertical_tick(frame, tick) for tick in _ticks(*frame.x_range, most=8)),
        _segment(frame.x(0), frame.top, frame.x(0), frame.floor, "zero"),
        _segment(frame.x(lower), middle, frame.x(upper), middle, f"span {style}"),
        Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="6"/>').format(
            style, frame.x(value), middle
        ),
    ]
    if threshold:
        x = frame.x(threshold)
        marks.append(_segment(x, frame.top, x, frame.floor, "line diagonal"))
    return _svg(frame, marks, title)


def unit_square(
    curves: Iterable[tuple[str, Sequence[Point]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    dots: bool = False,
) -> Markup:
    """Draw curves in [0, 1] x [0, 1] over the diagonal; each is (style, points)."""
    frame = _Frame((0, 1), (0, 1), width=380, height=340, bottom=46)
    return _square(frame, curves, title, (x_label, y_label), dots=dots)


def predicted_and_observed(
    points: Sequence[Point],
    spread: Sequence[tuple[float, float]],
    *,
    title: str,
    x_label: str,
    y_label: str,
) -> Markup:
    """Draw mean values over mean predictions, with a bar for the spread of the values."""
    span = _padded([c for point in points for c in point] + [c for ends in spread for c in ends])
    frame = _Frame(span, span, width=380, height=340, bottom=46)
    bars = [
        _segment(frame.x(x), frame.y(low), frame.x(x), frame.y(high), "spread")
        for (x, _), (low, high) in zip(points, spread, strict=True)
    ]
    return _square(frame, [("candidate", points)], title, (x_label, y_label), dots=True, under=bars)


def best_so_far(
    tried: Sequence[tuple[float, float, str]], best: Sequence[Point], *, title: str, x_label: str
) -> Markup:
    """Draw each trial as a dot (place, loss, what it was), and the least loss so far as steps.

    Losses far above the others lie on the upper edge: they would press the rest together.
    """
    losses = sorted(loss for _, loss, _ in tried)
    highest = losses[int(0.9 * (len(losses) - 1))] if losses else 1.0
    frame = _Frame(
        _padded([place for place, _, _ in tried]),
        _padded([*losses[:1], highest, *(loss for _, loss in best)]),
        bottom=46,
    )
    steps: list[Point] = []
    for place, loss in best:
        steps += [(place, steps[-1][1]), (place, loss)] if steps else [(place, loss)]
    ticks = _ticks(*frame.x_range, most=5, least=1.0)
    marks = [_grid(frame), *(_vertical_tick(frame, tick, least=1.0) for tick in ticks)]
    marks += [
        _dot(frame, (place, min(loss, frame.y_range[1])), "base", f"{what}: {loss:.5f}")
        for place, loss, what in tried
    ]
    marks.append(_path(frame, steps, "line candidate"))
    marks.append(_text((frame.left + frame.width) / 2, frame.height - 6, x_label, "middle"))
    return _svg(frame, marks, title)


def shares(parts: Sequence[tuple[str, float]], *, title: str) -> Markup:
    """Draw a bar from the left for each (name, share from 0 to 1), with its number."""
    row, width, left = 24, 880, 190
    frame = _Frame((0, 1), (0, 1), width=width, height=row * len(parts) + 8, left=left, right=70)
    marks = []
    for place, (name, share) in enumerate(parts):
        top, end = 4 + row * place, frame.x(max(0.0, min(1.0, share)))
        marks.append(_rectangle(left, top + 3, end, top + row - 5, "share now", f"{share:.1%}"))
        marks.append(_text(left - 8, top + 16, name, "end"))
        marks.append(_text(end + 6, top + 16, f"{share:.0%}", "start"))
    return _svg(frame, marks, title)


def _square(
    frame: _Frame,
    curves: Iterable[tuple[str, Sequence[Point]]],
    title: str,
    labels: tuple[str, str],
    *,
    dots: bool,
    under: Sequence[Markup] = (),
) -> Markup:
    marks = [_grid(frame), *(_vertical_tick(frame, t) for t in _ticks(*frame.x_range, most=5))]
    marks.append(_path(frame, [(e, e) for e in frame.x_range], "line diagonal"))
    marks += under
    for style, points in curves:
        marks.append(_path(frame, points, f"line {style}"))
        if dots:
            marks += [_dot(frame, p, style, f"{p[0]:.4f} → {p[1]:.4f}") for p in points]
    marks.append(_text((frame.left + frame.width) / 2, frame.height - 6, labels[0], "middle"))
    marks.append(
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(13 {:.1f}) '
            'rotate(-90)">{}</text>'
        ).format(frame.floor / 2, labels[1])
    )
    return _svg(frame, marks, title)


def _svg(frame: _Frame, marks: Iterable[Markup], title: str) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {w} {h}" style="max-width:{w}px" role="img" aria-label="{t}">'
        "{marks}</svg>"
    ).format(w=frame.width, h=frame.height, t=title, marks=Markup("").join(marks))


def _grid(frame: _Frame) -> Markup:
    ticks = _ticks(*frame.y_range, most=5)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    right = frame.width - frame.right
    return Markup("").join(
        _segment(frame.left, frame.y(tick), right, frame.y(tick), "grid")
        + _text(frame.left - 7, frame.y(tick) + 4, _tick_label(tick, step), "end")
        for tick in ticks
    )


def _vertical_tick(frame: _Frame, tick: float, *, least: float = 0.0) -> Markup:
    ticks = _ticks(*frame.x_range, most=5, least=least)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    label = _text(frame.x(tick), frame.floor + 16, _tick_label(tick, step), "middle")
    return _segment(frame.x(tick), frame.top, frame.x(tick), frame.floor, "grid") + label


def _day_axis(frame: _Frame, days: Sequence[str]) -> Markup:
    every = max(1, math.ceil(len(days) / 7))
    return Markup("").join(
        _text(frame.x(place), frame.floor + 18, day, "middle")
        for place, day in enumerate(days)
        if place % every == 0
    )


def _path(frame: _Frame, points: Sequence[Point], style: str) -> Markup:
    steps = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(style, steps)


def _dot(frame: _Frame, point: Point, style: str, tip: str) -> Markup:
    x, y = frame.x(point[0]), frame.y(point[1])
    return Markup(
        '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>'
    ).format(style, x, y, tip)


def _segment(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        style, x1, y1, x2, y2
    )


def _rectangle(x1: float, y1: float, x2: float, y2: float, style: str, tip: str) -> Markup:
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(style, x1, y1, x2 - x1, max(y2 - y1, 0.5), tip)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, escape(text)
    )


def _padded(values: Sequence[float]) -> Point:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 0.5
    return low - pad, high + pad


def _ticks(low: float, high: float, *, most: int, least: float = 0.0) -> list[float]:
    """Return round values within a range: steps of 1, 2 or 5 times a power of ten, or `least`."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough * (1 - 1e-9))
    step = max(step, least)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _tick_label(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}" if decimals <= 8 else f"{value:.2e}"
