"""What one step hands to the next: small, frozen, JSON. XCom and the CLI carry nothing else."""

from __future__ import annotations

from lamplighter.contracts.base import (
    Actor,
    Contract,
    GateMode,
    Instant,
    RunRef,
    RunRequest,
    Verdict,
)
from lamplighter.contracts.data import (
    ArtifactRef,
    DriftedColumn,
    DriftRef,
    SnapshotRef,
    StagedData,
    StagedTable,
    TableSnapshot,
)
from lamplighter.contracts.intervals import EvaluatedInterval, EvaluatedVersion, ScoredInterval
from lamplighter.contracts.judgement import (
    ChallengeRef,
    Checked,
    Estimate,
    EvaluationRef,
    Evidence,
    ExplanationRef,
    Guard,
    NightsLook,
    PromotionDecision,
)
from lamplighter.contracts.release import ApprovalRef, ReleaseRef, RunReport, VersionRef
from lamplighter.contracts.training import (
    CandidateRef,
    ExamplesRef,
    LeakageRef,
    RetrainingDecision,
    SearchRef,
)
from lamplighter.contracts.upkeep import Keep, Upkeep

__all__ = [
    "Actor",
    "ApprovalRef",
    "ArtifactRef",
    "CandidateRef",
    "ChallengeRef",
    "Checked",
    "Contract",
    "DriftRef",
    "DriftedColumn",
    "Estimate",
    "EvaluatedInterval",
    "EvaluatedVersion",
    "EvaluationRef",
    "Evidence",
    "ExamplesRef",
    "ExplanationRef",
    "GateMode",
    "Guard",
    "Instant",
    "Keep",
    "LeakageRef",
    "NightsLook",
    "PromotionDecision",
    "ReleaseRef",
    "RetrainingDecision",
    "RunRef",
    "RunReport",
    "RunRequest",
    "ScoredInterval",
    "SearchRef",
    "SnapshotRef",
    "StagedData",
    "StagedTable",
    "TableSnapshot",
    "Upkeep",
    "Verdict",
    "VersionRef",
]
