"""How a version did in the past, by the evaluations that the ledger holds."""

from __future__ import annotations

from typing import Any

from lamplighter.evaluation.wording import count
from lamplighter.ledger import Ledger
from lamplighter.ledger.records import HistoricEvaluation
from lamplighter.steps.telling.told import UNKNOWN, number

_LOSSES = ("log_loss", "squared_error")


def history_document(ledger: Ledger, model: str, version: str) -> dict[str, Any] | None:
    """Return how a version did over all evaluated intervals, as known last; None if unknown.

    Of each interval the evaluation with the latest knowledge counts, without hindsight in the
    features, weighted by its labelled rows.
    """
    last: dict[Any, HistoricEvaluation] = {}
    for found in ledger.evaluations(model):
        if found.version == version and found.labelled_rows and not found.hindsight:
            last[(found.interval_start, found.interval_end)] = found
    evaluated = list(last.values())
    metric = next((name for name in _LOSSES if any(name in e.metrics for e in evaluated)), None)
    if metric is None:
        return None
    measured = [
        (float(e.metrics[metric]["value"]), e.labelled_rows)
        for e in evaluated
        if isinstance((e.metrics.get(metric) or {}).get("value"), int | float)
    ]
    rows = sum(weight for _, weight in measured)
    return {
        "metric": metric,
        "value": sum(value * weight for value, weight in measured) / rows if rows else None,
        "intervals": len(measured),
        "labelled_rows": rows,
        "from": min(e.interval_start for e in evaluated).isoformat(),
        "to": max(e.interval_end for e in evaluated).isoformat(),
        "knowledge_time": max(e.knowledge_time for e in evaluated).isoformat(),
    }


def history_sentences(ledger: Ledger, model: str, version: str) -> list[str]:
    """Tell how a version did; `unknown` where no interval of it was evaluated."""
    found = history_document(ledger, model, version)
    if found is None:
        return [f"How it did on later days is {UNKNOWN}: no interval of it was evaluated."]
    return [
        f"On {count(found['intervals'], 'evaluated interval')} from {found['from']} to "
        f"{found['to']} its {found['metric']} was {number(found['value'])} over "
        f"{count(found['labelled_rows'], 'labelled row')}, by what was known at "
        f"{found['knowledge_time']}."
    ]
