"""How drift is told in decisions: a clause of the reason, and a line of the evidence."""

from __future__ import annotations

from typing import Any

from lamplighter.contracts import DriftRef
from lamplighter.evaluation.wording import count

_SINCE = {"training": "since the champion was trained", "window_before": "since the window before"}


def drift_words(drift: DriftRef | None) -> str:
    """Return a clause that says what drifted; empty where nothing did.

    It says so for whoever reads the decision: drift without loss is no reason to train.
    """
    if drift is None or drift.against is None or not drift.worst:
        return ""
    worst = drift.worst[0]
    return (
        f"; {drift.drifted_columns} of {count(drift.columns, 'column')} drifted "
        f"{_SINCE[drift.against]}, most of all {worst.column} (PSI {worst.psi:.2f}), which by "
        "itself decides nothing"
    )


def drift_evidence(drift: DriftRef | None) -> dict[str, Any] | None:
    """Return what a decision's evidence keeps of the drift; None where none was looked for."""
    if drift is None:
        return None
    said = drift.model_dump(
        mode="json", include={"against", "columns", "drifted_columns", "worst", "notes"}
    )
    return {**said, "report": drift.report.key}
