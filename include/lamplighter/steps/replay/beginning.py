"""What a replay begins with: what stood on live before its first night, or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lamplighter.contracts import Actor, ArtifactRef
from lamplighter.ledger import Challenge, Decision, Release, ReleaseRequest, Version
from lamplighter.ledger.records import DecisionKind
from lamplighter.steps.measure_drift import REFERENCE
from lamplighter.steps.night import Stores
from lamplighter.steps.refit.configuration import REFIT_OF
from lamplighter.steps.replay.registering import copied

_MOST_DECISIONS = 100_000
_KINDS: tuple[DecisionKind, ...] = ("promotion", "retraining")
_AN_EARLIER_RELEASE = 0
"""Stands in what is inherited for releases before the one that the replay begins with."""


@dataclass(frozen=True)
class Beginning:
    """What nights of before have left to the first night of a replay.

    Attributes
    ----------
    champion : Release or None
    challenger : Challenge or None
        The act by which it took its place.
    versions : tuple of Version
        All of before, in the order of their registration.
    decisions : tuple of Decision
        On trainings and promotions, the oldest first: the gate's looks, and what it has spent of
        the yearly budget, lie in them.
    """

    champion: Release | None = None
    challenger: Challenge | None = None
    versions: tuple[Version, ...] = ()
    decisions: tuple[Decision, ...] = field(default=(), repr=False)

    @property
    def digest(self) -> str:
        """Name it by all that it holds."""
        keys = [
            self.champion.key if self.champion else None,
            self.challenger.key if self.challenger else None,
            [version.key for version in self.versions],
            [decision.key for decision in self.decisions],
        ]
        return hashlib.sha256(json.dumps(keys).encode()).hexdigest()

    @property
    def trained(self) -> datetime | None:
        """When its champion was trained."""
        if self.champion is None:
            return None
        found = self._version(self.champion.version)
        return found.as_of if found else self.champion.as_of

    @property
    def looks(self) -> int:
        """How often the gate has looked at the challenger that stands."""
        if self.challenger is None:
            return 0
        rival = self._version(self.challenger.version)
        found = [d.evidence for d in self.decisions if d.kind == "promotion"]
        return sum(
            rival is not None
            and bool(evidence.get("look"))
            and evidence.get("artifact") == rival.artifact.digest
            for evidence in found
        )

    def document(self) -> dict[str, Any]:
        """Return plain JSON values: versions by their numbers on live."""
        return {
            "champion": self.champion.version if self.champion else None,
            "trained": self.trained.isoformat() if self.trained else None,
            "challenger": self.challenger.version if self.challenger else None,
            "since": self.challenger.as_of.isoformat() if self.challenger else None,
            "looks": self.looks,
        }

    def _version(self, number: str) -> Version | None:
        return next((v for v in self.versions if v.version == number), None)


def what_stood(lived: Stores, model: str, *, before: datetime) -> Beginning:
    """Return what stood on live at the moment before a night."""
    ledger = lived.ledger
    champion = ledger.champion(model, at=before)
    if champion is None:
        return Beginning()
    decisions = [
        decision
        for kind in _KINDS
        for decision in ledger.decisions(model, kind=kind, limit=_MOST_DECISIONS)
        if decision.as_of <= before and not decision.evidence.get("dry_run")
    ]
    versions = [v for v in ledger.versions(model) if v.timeline == "live" and v.as_of <= before]
    return Beginning(
        champion,
        ledger.challenger(model, at=before),
        tuple(versions),
        tuple(sorted(decisions, key=lambda decision: decision.id)),
    )


def inherit(beginning: Beginning, timeline: str, stores: Stores, actor: Actor) -> None:
    """Let a timeline begin so: its versions get numbers of the replay's own. Twice is once."""
    lived, champion = stores.lived, beginning.champion
    if lived is None or champion is None:
        return
    numbers = _versions(beginning, timeline, stores, lived)
    release = stores.ledger.release(
        ReleaseRequest(
            key=f"{timeline}/inherited/{champion.key}",
            model=champion.model,
            version=numbers[champion.version],
            artifact=champion.artifact,
            predecessor=0,
            as_of=champion.as_of,
            valid_from=champion.valid_from,
            actor=actor,
            reason=f"champion on live before the replay began, as version {champion.version} there",
            timeline=timeline,
        )
    )
    releases = {champion.id: release.id}
    for decision in beginning.decisions:
        _decide(decision, timeline, stores, numbers, releases)
    if beginning.challenger is not None:
        stores.ledger.enter_challenger(
            champion.model,
            numbers[beginning.challenger.version],
            timeline=timeline,
            as_of=beginning.challenger.as_of,
            reason=beginning.challenger.reason,
            actor=actor,
        )


def _versions(beginning: Beginning, timeline: str, stores: Stores, lived: Stores) -> dict[str, str]:
    """Write the versions of before down, and return their new numbers by their old ones."""
    ledger, numbers = stores.ledger, dict[str, str]()
    standing = {beginning.champion.version} if beginning.champion else set()
    standing |= {beginning.challenger.version} if beginning.challenger else set()
    used = len(ledger.versions(beginning.champion.model)) if beginning.champion else 0
    for version in beginning.versions:
        details = dict(version.details)
        if details.get(REFIT_OF) in numbers:
            details[REFIT_OF] = numbers[details[REFIT_OF]]
        if version.version in standing:
            _files(version, stores, lived)
        key = f"{timeline}/inherited/{version.key}"
        ledger.intend_version(
            key,
            model=version.model,
            artifact=version.artifact,
            run_key=version.run_key,
            timeline=timeline,
            as_of=version.as_of,
            details=details,
        )
        stored = ledger.version_by_key(key)
        if stored is None:
            used += 1
            stored = ledger.record_version(key, version=str(used), mlflow_run_id="")
        numbers[version.version] = stored.version
    return numbers


def _files(version: Version, stores: Stores, lived: Stores) -> None:
    """Copy what a model that is asked for predictions needs."""
    copied(stores, lived, version.artifact)
    if REFERENCE in version.details:
        copied(stores, lived, ArtifactRef.model_validate(version.details[REFERENCE]))
    spec = version.details.get("spec")
    if spec is not None:
        document = lived.ledger.spec(spec)
        stores.ledger.put_spec(spec, model=version.model, document=document)


def _decide(
    decision: Decision,
    timeline: str,
    stores: Stores,
    numbers: Mapping[str, str],
    releases: Mapping[int, int],
) -> None:
    """Write a decision of before down, with the numbers that the replay has for what it names."""
    evidence = dict(decision.evidence)
    for name in ("challenger", "refit_of"):
        if evidence.get(name) is not None:
            evidence[name] = numbers.get(evidence[name], "")
    if evidence.get("champion_release") is not None:
        known = releases.get(evidence["champion_release"], _AN_EARLIER_RELEASE)
        evidence["champion_release"] = known
    stores.ledger.record_decision(
        f"{timeline}/inherited/{decision.key}",
        run_key=decision.run_key,
        model=decision.model,
        timeline=timeline,
        kind=decision.kind,
        verdict=decision.verdict,
        reason=decision.reason,
        evidence=evidence,
        as_of=decision.as_of,
        champion_version=numbers.get(decision.champion_version or ""),
        candidate_version=numbers.get(decision.candidate_version or ""),
        actor=decision.actor,
    )
