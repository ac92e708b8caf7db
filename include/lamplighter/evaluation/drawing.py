"""What drawings are made of: a frame with its scales, and marks as safe markup.

All text is escaped. Colours come from the page's style sheet by class.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
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


def svg(frame: Frame, marks: Iterable[Markup], title: str) -> Markup:
    """Return a drawing of marks, with what it shows as its label."""
    return Markup(
        '<svg viewBox="0 0 {w} {h}" style="max-width:{w}px" role="img" aria-label="{t}">'
        "{marks}</svg>"
    ).format(w=frame.width, h=frame.height, t=title, marks=Markup("").join(marks))


def grid(frame: Frame) -> Markup:
    """Draw horizontal lines at round values, and the values beside them."""
    ticks = round_values(*frame.y_range, most=5)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    right = frame.width - frame.right
    return Markup("").join(
        segment(frame.left, frame.y(tick), right, frame.y(tick), "grid")
        + label(frame.left - 7, frame.y(tick) + 4, _tick_label(tick, step), "end")
        for tick in ticks
    )


def vertical_tick(frame: Frame, tick: float, *, least: float = 0.0) -> Markup:
    """Draw a vertical line at a value, and the value below it."""
    ticks = round_values(*frame.x_range, most=5, least=least)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    written = label(frame.x(tick), frame.floor + 16, _tick_label(tick, step), "middle")
    return segment(frame.x(tick), frame.top, frame.x(tick), frame.floor, "grid") + written


def day_axis(frame: Frame, days: Sequence[str]) -> Markup:
    """Write the days below, as many as there is room for."""
    every = max(1, math.ceil(len(days) / 7))
    return Markup("").join(
        label(frame.x(place), frame.floor + 18, day, "middle")
        for place, day in enumerate(days)
        if place % every == 0
    )


def path(frame: Frame, points: Sequence[Point], style: str) -> Markup:
    """Draw a line through points."""
    steps = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(style, steps)


def dot(frame: Frame, point: Point, style: str, tip: str) -> Markup:
    """Draw a dot that says something when pointed at."""
    x, y = frame.x(point[0]), frame.y(point[1])
    return Markup(
        '<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>'
    ).format(style, x, y, tip)


def segment(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    """Draw a straight line."""
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(
        style, x1, y1, x2, y2
    )


def rectangle(x1: float, y1: float, x2: float, y2: float, style: str, tip: str) -> Markup:
    """Draw a rectangle that says something when pointed at."""
    return Markup(
        '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(style, x1, y1, x2 - x1, max(y2 - y1, 0.5), tip)


def label(x: float, y: float, text: str, anchor: str) -> Markup:
    """Write a label; anchor is start, middle or end."""
    return Markup('<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, escape(text)
    )


def padded(values: Sequence[float]) -> Point:
    """Return the range of values with some room on both sides."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    pad = (high - low) * 0.08 or abs(high) * 0.1 or 0.5
    return low - pad, high + pad


def round_values(low: float, high: float, *, most: int, least: float = 0.0) -> list[float]:
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
