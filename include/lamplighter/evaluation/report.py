"""Reports as self-contained pages: one file, no network, light or dark as the reader's screen.

They read nothing but their documents (see `lamplighter.evaluation.document`), so that page and
JSON show the same numbers. Everything that comes from data or specs is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lamplighter.evaluation.charts import (
    Line,
    gains_by_day,
    interval_on_axis,
    lines_by_day,
    predicted_and_observed,
    unit_square,
)
from lamplighter.evaluation.check_charts import check_charts
from lamplighter.evaluation.wording import figure

Document = Mapping[str, Any]

_WHO = {"candidate": "candidate", "champion": "champion", "base_rate": "base rate"}
_CHECKS = {
    "Slices": ("slices",),
    "Groups": ("fairness",),
    "Calibration, cost, size and latency": ("calibration", "cost", "size", "latency"),
    "Behaviour": ("behaviour",),
}
_HEADINGS = {
    "critical": "What is wrong with the data",
    "quarantine": "Rows that were set aside",
    "warning": "Warnings about the data",
}
_NAMED = 40
"""Features that a page names; the JSON has them all."""

_HTTP = re.compile(r"https?://[^/]")


def render(document: Document) -> str:
    """Return the page of an evaluation (see `evaluation_document`)."""
    charts = {name: draw(document) for name, draw in _CHARTS.items()}
    return _ENVIRONMENT.get_template("evaluation.html.j2").render(
        doc=document,
        charts=charts,
        who=_WHO,
        check_headings=_CHECKS,
        check_charts=check_charts(document),
    )


def render_night(document: Document) -> str:
    """Return the page of a night, also of one that was stopped (see `night_document`)."""
    found = document["evaluation"]
    return _ENVIRONMENT.get_template("night.html.j2").render(
        doc=document,
        gain=_gain(found) if found else Markup(""),
        who=_WHO,
        problems=_by_severity(document["problems"]),
        headings=_headings(document),
    )


def render_validation(document: Document) -> str:
    """Return the page of what a night's validation found, from its JSON values."""
    return _ENVIRONMENT.get_template("validation.html.j2").render(doc=document)


def render_page(template: str, **values: Any) -> str:
    """Return a page of this look from one of the templates; for the reports of other packages."""
    return _ENVIRONMENT.get_template(template).render(**values)


def render_text(template: str, **values: Any) -> str:
    """Return a text, such as Markdown, from one of the templates; nothing in it is escaped."""
    return _TEXTS.get_template(template).render(**values)


def _headings(document: Document) -> dict[str, str]:
    stopped = ("validate_data", "failed")
    if stopped not in ((step["name"], step["outcome"]) for step in document["steps"]):
        return _HEADINGS
    return _HEADINGS | {"quarantine": "Rows that would have been set aside"}


def _by_severity(problems: Sequence[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {kind: [] for kind in _HEADINGS}
    for problem in problems:
        found[problem["severity"] if problem["severity"] in found else "critical"].append(problem)
    return {kind: some for kind, some in found.items() if some}


def _losses(document: Document) -> Markup:
    days = document["days"]
    lines = [
        Line("base rate", "base", tuple(day["base_rate_loss"] for day in days)),
        Line("champion", "champion", tuple(day["champion_loss"] for day in days)),
        Line("candidate", "candidate", tuple(day["candidate_loss"] for day in days)),
    ]
    if len(days) < 2:
        return Markup("")
    shown = [line for line in lines if any(value is not None for value in line.values)]
    return lines_by_day(
        [day["block"] for day in days], shown, title=f"Mean {document['loss']} of each day"
    )


def _gains(document: Document) -> Markup:
    days = [day for day in document["days"] if day["gain"] is not None]
    if len(days) < 2:
        return Markup("")
    gain = document["evidence"]["gain"]
    return gains_by_day(
        [day["block"] for day in days],
        [day["gain"] for day in days],
        (gain["lower"], gain["value"], gain["upper"]) if gain else None,
        title=f"Gain in {document['loss']} of each day",
    )


def _gain(document: Document) -> Markup:
    evidence = document["evidence"]
    if not evidence or not evidence["gain"]:
        return Markup("")
    return interval_on_axis(
        **evidence["gain"],
        threshold=document["min_gain"],
        title=f"Gain in {evidence['metric']} over the champion, with its interval",
    )


def _calibration(document: Document) -> Markup:
    bins = document["calibration"]
    if not bins:
        return Markup("")
    points = [(part["predicted"], part["observed"]) for part in bins]
    if document["task"] == "regression":
        return predicted_and_observed(
            points,
            [(part["observed_low"], part["observed_high"]) for part in bins],
            title="Predicted and observed values",
            x_label="mean prediction",
            y_label="mean value",
        )
    binary = document["task"] == "binary"
    return unit_square(
        [("candidate", points)],
        title="Calibration",
        x_label="mean probability predicted" if binary else "mean confidence",
        y_label="share observed" if binary else "share of hits",
        dots=True,
    )


def _roc(document: Document) -> Markup:
    if not document["roc"]:
        return Markup("")
    return unit_square(
        [("candidate", document["roc"])],
        title="ROC curve",
        x_label="false positive rate",
        y_label="true positive rate",
    )


_CHARTS: dict[str, Callable[[Document], Markup]] = {
    "gain": _gain,
    "losses": _losses,
    "gains": _gains,
    "calibration": _calibration,
    "roc": _roc,
}


def _number(value: float | None, decimals: int = 4) -> str:
    if value is None:
        return "-"
    return f"{value:,.{decimals}f}" if abs(value) < 1_000 else f"{value:,.1f}"


def _figure(value: float | None) -> str:
    return "-" if value is None else figure(value)


def _interval(estimate: Document | None, write: Callable[[float], str] = _number) -> Markup:
    if estimate is None:
        return Markup("-")
    value, lower, upper = (write(estimate[key]) for key in ("value", "lower", "upper"))
    return Markup('<b>{}</b> <span class="range">{} to {}</span>').format(value, lower, upper)


def _gain_interval(estimate: Document) -> Markup:
    return _interval(estimate, figure)


def _p_value(value: float) -> str:
    return "below 0.0001" if value < 0.0001 else f"{value:.4f}"


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    zone = moment.strftime("%Z") or "local"
    return f"{moment:%Y-%m-%d %H:%M} {zone}"


def _first_names(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{rest}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {seconds % 60:.0f} s"


def _safe_href(href: str) -> str:
    """Return an http address or a relative path; nothing else is followed from a report."""
    relative = not re.match(r"[^/?#]*:", href) and not href.startswith(("//", "\\"))
    return href if relative or _HTTP.match(href) else "#"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("lamplighter.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": _number,
        "figure": _figure,
        "interval": _interval,
        "gain_interval": _gain_interval,
        "p_value": _p_value,
        "moment": _moment,
        "first_names": _first_names,
        "duration": _duration,
        "safe_href": _safe_href,
    }
    return environment


_ENVIRONMENT = _environment()
_TEXTS = _ENVIRONMENT.overlay(autoescape=False)
