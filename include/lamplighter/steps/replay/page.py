"""The page of a replay: one file, no network, drawn from its document alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from lamplighter.evaluation.report import render_page
from lamplighter.evaluation.wording import count
from lamplighter.steps.replay.chart import Curve, curves_over_time
from lamplighter.steps.replay.plan import GATE_WORDS

_SMOOTHED = 7


def render_replay(document: Mapping[str, Any]) -> str:
    """Return the page of a replay (see `lamplighter.steps.replay.replay`)."""
    days = [night[:10] for night in document["nights"]]
    return render_page(
        "replay.html.j2",
        doc=document,
        gates=GATE_WORDS,
        count=count,
        losses=_losses(document, days),
        regrets=_regrets(document, days),
    )


def _losses(document: Mapping[str, Any], days: Sequence[str]) -> Markup:
    rows = document["rows"]
    curves = [
        Curve(_name(account), _smoothed(account["daily_loss"], rows))
        for account in document["accounts"]
    ]
    best = Curve("best model of each day", _smoothed(document["clairvoyant"], rows))
    return curves_over_time(
        days, [*curves, best], title=f"Mean {document['loss']} of {_SMOOTHED} days"
    )


def _regrets(document: Mapping[str, Any], days: Sequence[str]) -> Markup:
    curves = [
        Curve(
            _name(account),
            _sum_above(account["daily_loss"], document["clairvoyant"], document["rows"]),
        )
        for account in document["accounts"]
    ]
    return curves_over_time(days, curves, title="Loss above the best model of each day, summed up")


def _name(account: Mapping[str, Any]) -> str:
    return f"{account['policy']}, gate {GATE_WORDS[account['gate']]}"


def _smoothed(daily: Sequence[float | None], rows: Sequence[int]) -> tuple[float | None, ...]:
    """Return means over the newest days, each weighted by its rows."""
    values = np.array([np.nan if value is None else value for value in daily])
    weights = np.where(np.isnan(values), 0.0, np.array(rows, dtype=float))
    sums = np.cumsum(np.nan_to_num(values) * weights)
    counts = np.cumsum(weights)
    found: list[float | None] = []
    for place in range(len(values)):
        before = place - _SMOOTHED
        total = sums[place] - (sums[before] if before >= 0 else 0.0)
        known = counts[place] - (counts[before] if before >= 0 else 0.0)
        found.append(float(total / known) if known > 0 else None)
    return tuple(found)


def _sum_above(
    daily: Sequence[float | None], best: Sequence[float | None], rows: Sequence[int]
) -> tuple[float | None, ...]:
    total, found = 0.0, []
    for own, least, predictions in zip(daily, best, rows, strict=True):
        total += 0.0 if own is None or least is None else (own - least) * predictions
        found.append(total)
    return tuple(found)
