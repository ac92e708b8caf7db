"""Drawings for the reports: inline SVG that follows the page's light or dark colours.

Every function returns markup that is safe to place in a page: all text is escaped. Colours come
from the page's style sheet by class: `candidate`, `champion`, `base`, `good`, `bad`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lamplighter.evaluation.drawing import (
    Frame,
    Point,
    day_axis,
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


@dataclass(frozen=True)
class Line:
    """One model's values, in the order of the days; None where it has none."""

    name: str
    style: str
    values: tuple[float | None, ...]


def lines_by_day(days: Sequence[str], lines: Sequence[Line], *, title: str) -> Markup:
    """Draw one line per model over the days."""
    known = [value for line in lines for value in line.values if value is not None]
    frame = Frame((-0.5, len(days) - 0.5), padded(known))
    marks = [grid(frame), day_axis(frame, days)]
    for line in lines:
        points = [(i, v) for i, v in enumerate(line.values) if v is not None]
        marks.append(path(frame, points, f"line {line.style}"))
        marks += [
            dot(frame, point, line.style, f"{days[int(point[0])]}, {line.name}: {point[1]:.5f}")
            for point in points
        ]
    return svg(frame, marks, title)


def gains_by_day(
    days: Sequence[str],
    gains: Sequence[float | None],
    band: tuple[float, float, float] | None,
    *,
    title: str,
) -> Markup:
    """Draw each day's gain as a bar from 0, and the mean gain (lower, value, upper) as a band."""
    known = [gain for gain in gains if gain is not None]
    frame = Frame((-0.5, len(days) - 0.5), padded([0.0, *known, *(band or ())]))
    marks = [grid(frame), day_axis(frame, days)]
    if band:
        lower, value, upper = band
        right = frame.width - frame.right
        marks.append(
            rectangle(frame.left, frame.y(upper), right, frame.y(lower), "band", "interval")
        )
        marks.append(segment(frame.left, frame.y(value), right, frame.y(value), "line mean"))
    zero = frame.y(0)
    half = (frame.x(1) - frame.x(0)) * 0.32
    for place, gain in enumerate(gains):
        if gain is not None:
            x, style = frame.x(place), "good" if gain >= 0 else "bad"
            top, low = sorted((zero, frame.y(gain)))
            tip = f"{days[place]}: {gain:+.5f}"
            marks.append(rectangle(x - half, top, x + half, low, f"bar {style}", tip))
    marks.append(segment(frame.left, zero, frame.width - frame.right, zero, "zero"))
    return svg(frame, marks, title)


def interval_on_axis(
    lower: float, value: float, upper: float, *, threshold: float, title: str
) -> Markup:
    """Draw an interval against 0 and against the least gain asked for."""
    frame = Frame(padded([0.0, threshold, lower, upper]), (0, 1), height=76, left=14, top=6)
    style = "good" if lower > threshold else "bad" if upper < 0 else "open"
    middle = frame.y(0.5)
    marks = [
        *(vertical_tick(frame, tick) for tick in round_values(*frame.x_range, most=8)),
        segment(frame.x(0), frame.top, frame.x(0), frame.floor, "zero"),
        segment(frame.x(lower), middle, frame.x(upper), middle, f"span {style}"),
        Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="6"/>').format(
            style, frame.x(value), middle
        ),
    ]
    if threshold:
        x = frame.x(threshold)
        marks.append(segment(x, frame.top, x, frame.floor, "line diagonal"))
    return svg(frame, marks, title)


def unit_square(
    curves: Iterable[tuple[str, Sequence[Point]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    dots: bool = False,
) -> Markup:
    """Draw curves in [0, 1] x [0, 1] over the diagonal; each is (style, points)."""
    frame = Frame((0, 1), (0, 1), width=380, height=340, bottom=46)
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
    span = padded([c for point in points for c in point] + [c for ends in spread for c in ends])
    frame = Frame(span, span, width=380, height=340, bottom=46)
    bars = [
        segment(frame.x(x), frame.y(low), frame.x(x), frame.y(high), "spread")
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
    frame = Frame(
        padded([place for place, _, _ in tried]),
        padded([*losses[:1], highest, *(loss for _, loss in best)]),
        bottom=46,
    )
    steps: list[Point] = []
    for place, loss in best:
        steps += [(place, steps[-1][1]), (place, loss)] if steps else [(place, loss)]
    ticks = round_values(*frame.x_range, most=5, least=1.0)
    marks = [grid(frame), *(vertical_tick(frame, tick, least=1.0) for tick in ticks)]
    marks += [
        dot(frame, (place, min(loss, frame.y_range[1])), "base", f"{what}: {loss:.5f}")
        for place, loss, what in tried
    ]
    marks.append(path(frame, steps, "line candidate"))
    marks.append(label((frame.left + frame.width) / 2, frame.height - 6, x_label, "middle"))
    return svg(frame, marks, title)


def shares(parts: Sequence[tuple[str, float]], *, title: str) -> Markup:
    """Draw a bar from the left for each (name, share from 0 to 1), with its number."""
    row, width, left = 24, 880, 190
    frame = Frame((0, 1), (0, 1), width=width, height=row * len(parts) + 8, left=left, right=70)
    marks = []
    for place, (name, share) in enumerate(parts):
        top, end = 4 + row * place, frame.x(max(0.0, min(1.0, share)))
        marks.append(rectangle(left, top + 3, end, top + row - 5, "share now", f"{share:.1%}"))
        marks.append(label(left - 8, top + 16, name, "end"))
        marks.append(label(end + 6, top + 16, f"{share:.0%}", "start"))
    return svg(frame, marks, title)


def _square(
    frame: Frame,
    curves: Iterable[tuple[str, Sequence[Point]]],
    title: str,
    labels: tuple[str, str],
    *,
    dots: bool,
    under: Sequence[Markup] = (),
) -> Markup:
    marks = [grid(frame), *(vertical_tick(frame, t) for t in round_values(*frame.x_range, most=5))]
    marks.append(path(frame, [(e, e) for e in frame.x_range], "line diagonal"))
    marks += under
    for style, points in curves:
        marks.append(path(frame, points, f"line {style}"))
        if dots:
            marks += [dot(frame, p, style, f"{p[0]:.4f} → {p[1]:.4f}") for p in points]
    marks.append(label((frame.left + frame.width) / 2, frame.height - 6, labels[0], "middle"))
    marks.append(
        Markup(
            '<text class="label" text-anchor="middle" transform="translate(13 {:.1f}) '
            'rotate(-90)">{}</text>'
        ).format(frame.floor / 2, labels[1])
    )
    return svg(frame, marks, title)
