"""The version that a promotion decision is about: tonight's, or the challenger."""

from __future__ import annotations

from lamplighter.contracts import PromotionDecision, VersionRef
from lamplighter.errors import LedgerError
from lamplighter.steps.night import Night


def judged_version(
    night: Night, decision: PromotionDecision, tonights: VersionRef | None
) -> VersionRef | None:
    """Return the version that was judged; None where tonight's was judged and not registered."""
    if decision.challenger_version is None:
        return tonights
    known = night.ledger.version(night.run.model, decision.challenger_version)
    if known is None:
        raise LedgerError(
            f"the challenger, version {decision.challenger_version}, is not in the ledger"
        )
    return VersionRef(
        key=known.key,
        model=known.model,
        version=known.version,
        mlflow_run_id=known.mlflow_run_id,
        artifact_digest=known.artifact.digest,
    )
