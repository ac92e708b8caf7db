"""Load a registered version to score with: the file that was judged, scoring as it did then."""

from __future__ import annotations

from lamplighter.errors import ArtifactError, LedgerError
from lamplighter.steps.golden_rows import LIBRARIES, compare_golden
from lamplighter.steps.libraries import changes, libraries
from lamplighter.steps.load_model import load_model
from lamplighter.steps.night import Night, Stores
from lamplighter.steps.spec_changes import other_target
from lamplighter.training.scorer import Scorer


def load_version(stores: Stores, model: str, version: str, *, threads: int = 1) -> Scorer:
    """Load a registered version. After an upgrade, its golden rows have to score as they did.

    Raises
    ------
    ArtifactError
        If it does not load, or scores otherwise than when it was registered.
    """
    known = stores.ledger.version(model, version)
    if known is None:
        raise LedgerError(f"{model} has no version {version!r} in the ledger")
    scorer = load_model(stores, known.artifact)
    stored = known.details.get(LIBRARIES)
    if stored is not None and changes(stored, libraries()):
        check = compare_golden(stores, known, scorer, threads=threads)
        if not check.right:
            raise ArtifactError(check.message)
    return scorer


def what_else_it_predicts(night: Night, version: str) -> str:
    """Say how a version's target differs from that of the night's spec; empty if it does not.

    The spec it was registered under says what it predicts; without one, it is taken to be the same.
    """
    known = night.ledger.version(night.run.model, version)
    if known is None or "spec" not in known.details:
        return ""
    return other_target(night.ledger.spec(known.details["spec"]), night.spec.document())
