"""The version that a promotion decision is about: tonight's, or the challenger."""

from __future__ import annotations

from lamplighter.contracts import PromotionDecision, VersionRef
from lamplighter.errors import LedgerError
from lamplighter.ledger import Version
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
    return version_ref(known)


def tonights_version(night: Night, decision: PromotionDecision) -> VersionRef | None:
    """Return what the night itself registered, beside a challenger that it judged."""
    own = (v for v in night.ledger.versions(night.run.model) if v.run_key == night.run.run_key)
    found = next((v for v in own if v.version != decision.challenger_version), None)
    return None if found is None else version_ref(found)


def version_ref(known: Version) -> VersionRef:
    """Return what tasks hand on of a version of the ledger."""
    return VersionRef(
        key=known.key,
        model=known.model,
        version=known.version,
        mlflow_run_id=known.mlflow_run_id,
        artifact_digest=known.artifact.digest,
    )
