"""A model card as a page and as Markdown, from its document: `lamplighter.steps.model_card`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from lamplighter.evaluation.charts import interval_on_axis
from lamplighter.evaluation.explanation_charts import Span, dependence_chart, spans
from lamplighter.evaluation.report import render_page, render_text
from lamplighter.evaluation.wording import figure

Document = Mapping[str, Any]

SHOWN = 20
"""Features that page and Markdown name, the most important first; the JSON has them all."""

_MARKDOWN = re.compile(r"([\\`*_\[\]|<>#])")


def render_card(document: Document) -> str:
    """Return the card as a self-contained page."""
    return render_page(
        "card.html.j2",
        doc=document,
        shown=SHOWN,
        importance=_importance(document["explanation"]),
        contributions=_contributions(document["explanation"]),
        curve=dependence_chart,
        gain=_gain(document["performance"]),
        **_WORDS,
    )


def render_card_text(document: Document) -> str:
    """Return the card as Markdown, with the page's numbers and without its drawings."""
    return render_text("card.md.j2", doc=document, shown=SHOWN, plain=_plain, **_WORDS)


def _importance(explanation: Document | None) -> Markup:
    if explanation is None:
        return Markup("")
    rows = [
        Span(
            name=one["feature"],
            outer=(one["increase"]["lower"], one["increase"]["upper"]),
            value=one["increase"]["value"],
            tip=f"{one['feature']}: {figure(one['increase']['value'])}",
            style="good" if one["matters"] else "open",
        )
        for one in explanation["features"][:SHOWN]
        if one["increase"]
    ]
    return spans(rows, title=f"Increase in {explanation['loss']} when a feature is shuffled")


def _contributions(explanation: Document | None) -> Markup:
    if explanation is None or explanation["attribution"] is None:
        return Markup("")
    by_size = by_contribution(explanation["features"])[:SHOWN]
    rows = [
        Span(
            name=one["feature"],
            outer=(quantiles[0], quantiles[4]),
            inner=(quantiles[1], quantiles[3]),
            value=quantiles[2],
            tip=f"{one['feature']}: middle {quantiles[2]:.4g}, half of rows {quantiles[1]:.4g} to "
            f"{quantiles[3]:.4g}",
            style="candidate",
        )
        for one in by_size
        for quantiles in (one["contribution"]["quantiles"],)
    ]
    return spans(rows, title="Contributions of the features")


def by_contribution(features: Sequence[Document]) -> list[Document]:
    """Return the features that have contributions, those that move scores most first."""
    known = [one for one in features if one["contribution"] is not None]
    return sorted(known, key=lambda one: -one["contribution"]["mean"])


def _gain(performance: Document) -> Markup:
    evidence = performance["evidence"]
    if not evidence or not evidence["gain"]:
        return Markup("")
    return interval_on_axis(
        **evidence["gain"],
        threshold=performance["min_gain"],
        title=f"Gain in {evidence['metric']} over the champion, with its interval",
    )


def _known(value: object) -> str:
    """Return a value in words; what is not known is said to be."""
    return "unknown" if value is None or value == "" else str(value)


def _plain(value: object) -> str:
    """Return a text that Markdown takes as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(str(value).split()))


def _extent(part: Document) -> str:
    days = f", {part['first']} to {part['last']}" if part["first"] else ""
    return f"{part['rows']:,} rows{days}"


def _direction(value: float | None) -> str:
    """Say whether contributions rise or fall with a feature's value."""
    if value is None:
        return "-"
    if abs(value) < 0.3:
        return f"neither ({value:+.2f})"
    return f"{'rises' if value > 0 else 'falls'} ({value:+.2f})"


def _short(at: object) -> str:
    """Write a value that a feature is given."""
    if at is None:
        return "missing"
    return f"{at:.4g}" if isinstance(at, float) else str(at)


_METHODS = {
    "tree_shap": "TreeSHAP, exact",
    "two_orders": "Shapley values from two orders, against a typical row",
}
_WORDS = {
    "known": _known,
    "extent": _extent,
    "direction": _direction,
    "short": _short,
    "methods": _METHODS,
    "by_contribution": by_contribution,
    "who": {"candidate": "this model", "champion": "champion then", "base_rate": "base rate"},
}
