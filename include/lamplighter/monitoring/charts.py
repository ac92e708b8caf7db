"""Two distributions side by side, as inline SVG in the colours of the report's page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT, _FLOOR, _TOP = 420, 124, 100, 14
_MARGIN = 12
_LABEL_WIDTH = 62


def paired_bars(
    labels: Sequence[str], reference: Sequence[float], current: Sequence[float], *, title: str
) -> Markup:
    """Draw a pair of bars for each bin: the share of the reference, and of the current rows.

    Bins that neither side has are left out. Every bar says its numbers when pointed at.
    """
    shown = [
        (label, p, q)
        for label, p, q in zip(labels, reference, current, strict=True)
        if p > 0 or q > 0
    ]
    highest = max((max(p, q) for _, p, q in shown), default=1.0)
    step = (_WIDTH - 2 * _MARGIN) / max(len(shown), 1)
    width = min(step * 0.4, 26.0)
    marks = [
        Markup('<line class="zero" x1="0" y1="{f}" x2="{w}" y2="{f}"/>').format(f=_FLOOR, w=_WIDTH),
        Markup('<text class="label" x="0" y="10">{:.0%}</text>').format(highest),
    ]
    every = max(1, -(-len(shown) * _LABEL_WIDTH // _WIDTH))
    for place, (label, p, q) in enumerate(shown):
        middle = _MARGIN + step * (place + 0.5)
        tip = f"{label}: {p:.1%} before, {q:.1%} now"
        marks.append(_bar(middle - width, width, p / highest, "base", tip))
        marks.append(_bar(middle, width, q / highest, "now", tip))
        if (len(shown) - 1 - place) % every == 0:  # the last one always: what is new or missing
            marks.append(_label(middle, label))
    return Markup(
        '<svg viewBox="0 0 {w} {h}" style="max-width:{w}px" role="img" aria-label="{t}">{m}</svg>'
    ).format(w=_WIDTH, h=_HEIGHT, t=title, m=Markup("").join(marks))


def _bar(x: float, width: float, height: float, style: str, tip: str) -> Markup:
    tall = max(height * (_FLOOR - _TOP), 0.6)
    return Markup(
        '<rect class="share {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
        "<title>{}</title></rect>"
    ).format(style, x, _FLOOR - tall, width, tall, tip)


def _label(x: float, text: str) -> Markup:
    short = text if len(text) <= 13 else f"{text[:12]}…"
    return Markup('<text class="label" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
        x, _FLOOR + 16, short
    )
