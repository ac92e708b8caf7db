"""What every version carries: performance, known defects, when and by whom it was released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lamplighter.contracts import Actor, Estimate
from lamplighter.evaluation.wording import figure
from lamplighter.ledger import Decision, Defect, Ledger

UNKNOWN = "unknown"
_LOSSES = ("log_loss", "squared_error")


@dataclass(frozen=True)
class Performance:
    """A version's loss on the hold-out that it was judged on; metrics beside it by name."""

    metric: str
    estimate: Estimate
    metrics: dict[str, Estimate]

    def __str__(self) -> str:
        return f"{self.metric} {worded(self.estimate)}"


@dataclass(frozen=True)
class VersionFacts:
    """What is known of a version; None for what is not.

    `author` is who had it trained; of a version that others registered nobody knows.
    `released_at` and `released_by` are of the first time that it became champion on `live`.
    `refit_of` is the version that was fitted again to make it; nothing was measured of it then.
    """

    version: str
    performance: Performance | None
    defects: tuple[Defect, ...]
    released_at: datetime | None
    released_by: Actor | None
    author: Actor | None
    refit_of: str | None = None

    @property
    def name(self) -> str:
        """Its number, and whose refit it is."""
        return f"{self.version}, refit of {self.refit_of}" if self.refit_of else self.version

    @property
    def defect_words(self) -> str:
        """The known defects in words; empty without any."""
        return "; ".join(defect.description for defect in self.defects)

    def document(self) -> dict[str, object]:
        """Return the facts as plain JSON values."""
        measured, by, at = self.performance, self.released_by, self.released_at
        return {
            "performance": {
                "metric": measured.metric,
                **measured.estimate.model_dump(),
                "metrics": {name: m.model_dump() for name, m in measured.metrics.items()},
            }
            if measured
            else None,
            "known_defects": [
                {"number": defect.id, "defect": defect.description} for defect in self.defects
            ],
            "released_at": at.isoformat() if at else None,
            "released_by": by.model_dump(mode="json") if by else None,
            "author": self.author.model_dump(mode="json") if self.author else None,
            "refit_of": self.refit_of,
        }


def facts_of(ledger: Ledger, model: str, version: str) -> VersionFacts:
    """Return what the ledger knows of a version, and nothing that it does not."""
    judged, stored = judgement_of(ledger, model, version), ledger.version(model, version)
    released = next((r for r in ledger.releases(model) if r.version == version), None)
    return VersionFacts(
        version=version,
        performance=performance_of(judged),
        defects=tuple(d for d in ledger.defects(model, version) if d.standing),
        released_at=released.valid_from if released else None,
        released_by=released.actor if released else None,
        author=judged.actor if judged else None,
        refit_of=stored.details.get("refit_of") if stored else None,
    )


def judgement_of(ledger: Ledger, model: str, version: str) -> Decision | None:
    """Return the decision of the night in which a version was trained; None if there was none."""
    stored = ledger.version(model, version)
    if stored is None:
        return None
    decided = ledger.decisions(
        model, timeline=stored.timeline, kind="promotion", run_key=stored.run_key
    )
    # In one night a challenger may be judged too; earlier decisions do not say which file was.
    digest = stored.artifact.digest
    own = [d for d in decided if d.evidence.get("artifact", digest) == digest]
    return own[-1] if own else None


def performance_of(judged: Decision | None) -> Performance | None:
    """Return what a judgement measured of its candidate; None if nothing is known."""
    found = judged.evidence.get("metrics") if judged else None
    if not isinstance(found, dict):
        return None
    metrics = {name: Estimate.model_validate(m) for name, m in found.items() if _is_estimate(m)}
    metric = next((name for name in (*_LOSSES, *metrics) if name in metrics), None)
    return None if metric is None else Performance(metric, metrics[metric], metrics)


def worded(estimate: Estimate) -> str:
    """Return a number with its interval, in the digits that a reader can use."""
    return f"{figure(estimate.value)} ({figure(estimate.lower)} to {figure(estimate.upper)})"


def _is_estimate(found: Any) -> bool:
    return isinstance(found, dict) and set(found) == {"value", "lower", "upper"}
