"""Why a release that was decided did not happen, written down for whoever asks later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lamplighter.contracts import PromotionDecision
from lamplighter.ledger import Decision, Ledger

if TYPE_CHECKING:  # who only reads the book needs none of its libraries
    from lamplighter.steps.night import Night

KIND: Final = "release"
REFUSED = "refused"


def record_refusal(night: Night, decision: PromotionDecision, version: str, reason: str) -> None:
    """Write into the ledger that a version was not released although it was to be, and why.

    A retry that meets the same refusal writes nothing; one that releases leaves the line as it is.
    """
    night.ledger.record_decision(
        night.key("refusal", decision.key, reason),
        run_key=night.run.run_key,
        model=night.run.model,
        timeline=night.run.timeline,
        kind=KIND,
        verdict=REFUSED,
        reason=reason,
        evidence={"decision": decision.key},
        as_of=night.run.as_of,
        champion_version=decision.champion_version,
        candidate_version=version,
        actor=night.run.actor,
    )


def refusals_of(ledger: Ledger, decision: Decision) -> list[Decision]:
    """Return the refusals to carry a decision out, the first first."""
    refused = ledger.decisions(
        decision.model, timeline=decision.timeline, kind=KIND, run_key=decision.run_key
    )
    return [found for found in refused if found.evidence.get("decision") == decision.key][::-1]
