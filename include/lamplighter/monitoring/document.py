"""The document of a drift report: plain JSON values, the same numbers that the page shows.

- `kind` ("drift"), `format` (1), `model`, `as_of`, `zone`, `run_key` (or null)
- `window`: `first`, `last` (local days, or null without time), `rows`
- `rule`: the spec's section ``monitor.drift``
- `champion`: `version`, or null
- `comparisons`: list, the most important first, of
  - `against` ("training", "window_before" or "given"), `what` (in words), `first`, `last`, `rows`
  - `usual_days`, `usual_windows`: how long the windows were that said what is usual, and how many
    of them do not overlap; null without time
  - `judged`: how many columns; `drifted`: their names, the worst first; `gone`: columns that the
    window does not have
  - `columns`: list of the fields of `lamplighter.monitoring.drift.ColumnDrift`, the worst first
- `sentences`: what was found; `notes`: what could not be said, and why
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from lamplighter.evaluation.wording import count
from lamplighter.monitoring.drift import ColumnDrift, Comparison
from lamplighter.spec import ModelSpec

FORMAT = 1
Against = Literal["training", "window_before", "given"]

_NAMED = 5


@dataclass(frozen=True)
class Extent:
    """Which local days rows are from, both included; None where there is no time."""

    first: str | None
    last: str | None
    rows: int

    def __str__(self) -> str:
        if self.first is None:
            return count(self.rows, "row")
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Compared:
    """A comparison, and against what it was made."""

    against: Against
    what: str
    extent: Extent
    comparison: Comparison


def drift_document(
    spec: ModelSpec,
    *,
    as_of: datetime,
    run_key: str | None,
    champion: str | None,
    window: Extent,
    compared: Sequence[Compared],
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return what was found as plain JSON values; the module says which."""
    document = {
        "kind": "drift",
        "format": FORMAT,
        "model": spec.model,
        "as_of": as_of.isoformat(),
        "zone": spec.time.timezone if spec.time else None,
        "run_key": run_key,
        "window": asdict(window),
        "rule": spec.monitor.drift.model_dump(mode="json"),
        "champion": {"version": champion} if champion else None,
        "comparisons": [_comparison(one) for one in compared],
        "sentences": [drift_sentence(one) for one in compared],
        "notes": list(notes),
    }
    finite: dict[str, Any] = _finite(document)
    return finite


def drift_sentence(compared: Compared) -> str:
    """Say in a sentence how many columns drifted, and which most of all."""
    found = compared.comparison
    against = f"{compared.what} ({compared.extent})"
    if not found.judged:
        reasons = sorted({column.why_not for column in found.columns}) or ["it has no column"]
        return f"Drift against {against} was not judged: {'; '.join(reasons)}"
    share = f"{len(found.drifted)} of {count(len(found.judged), 'column')}"
    gone = f"; gone: {', '.join(found.gone[:_NAMED])}" if found.gone else ""
    if not found.drifted:
        return f"No column of {len(found.judged)} drifted against {against}{gone}"
    return f"{share} drifted against {against}, most of all {worst(found.drifted)}{gone}"


def worst(drifted: Sequence[ColumnDrift], most: int = _NAMED) -> str:
    """Name the worst columns with their index."""
    first, *others = drifted[:most]
    named = [f"{first.column} (PSI {_index(first.psi)})"]
    return ", ".join([*named, *(f"{c.column} ({_index(c.psi)})" for c in others)])


def _comparison(compared: Compared) -> dict[str, Any]:
    found = compared.comparison
    return {
        "against": compared.against,
        "what": compared.what,
        **asdict(compared.extent),
        "usual_days": found.usual_days,
        "usual_windows": found.usual_blocks,
        "judged": len(found.judged),
        "drifted": [column.column for column in found.drifted],
        "gone": list(found.gone),
        "columns": [asdict(column) for column in found.columns],
    }


def _index(psi: float) -> str:
    return f"{psi:.2f}" if psi < 1 else f"{psi:.1f}"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
