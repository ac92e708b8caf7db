"""How a model was judged: its hold-out, its checks, its evidence, the verdict."""

from __future__ import annotations

from typing import Literal

from lamplighter.contracts.base import Contract, Instant, Verdict
from lamplighter.contracts.data import ArtifactRef


class Estimate(Contract):
    """A number with its interval."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.lower:.4f} to {self.upper:.4f})"


class Evidence(Contract):
    """What the gate reads: paired losses of champion and candidate on blocks neither saw."""

    metric: str
    blocks: int
    rows: int
    gain: Estimate | None
    p_value: float | None
    lag1: float | None
    standard_error: float | None = None
    degrees_of_freedom: float | None = None
    first_block: str | None = None
    last_block: str | None = None


class Guard(Contract):
    """A metric that must not get worse, for champion and candidate on the same rows."""

    metric: str
    champion: float | None
    candidate: float | None
    worse_by: float | None
    limit: float


class Checked(Contract):
    """One of the gate's checks: what was measured, and whether it keeps its limit.

    `kept` is None where it could not be measured and the spec lets that pass.
    """

    section: str
    about: str
    what: str
    value: float | None
    limit: float | None
    kept: bool | None


class EvaluationRef(Contract):
    """How good the candidate is on the hold-out, and against whom."""

    key: str
    report: ArtifactRef
    document: ArtifactRef
    snapshot_digest: str
    rows: int
    metrics: dict[str, Estimate]
    champion_version: str | None
    champion_release: int | None
    champion_metrics: dict[str, Estimate]
    base_rate_metrics: dict[str, Estimate]
    evidence: Evidence | None
    champion_problem: str = ""
    incomparable: Literal["", "broken_champion", "changed_target"] = ""
    """Which written rule follows from the champion's problem."""
    guards: tuple[Guard, ...] = ()
    sane: bool
    problems: tuple[str, ...] = ()
    checks: tuple[Checked, ...] = ()
    """Those that decide, at most 20, the failed ones first; the document has them all."""
    refit_of: str | None = None
    """The version that it is a refit of: then nothing is known of rows that it has not seen."""


class ExplanationRef(Contract):
    """The candidate's model card, and what it says of the features."""

    key: str
    page: ArtifactRef
    text: ArtifactRef
    document: ArtifactRef
    rows: int
    features: int
    important: tuple[str, ...] = ()
    """The features that matter most, at most five: more than chance explains."""
    notes: tuple[str, ...] = ()


class NightsLook(Contract):
    """One night's look at the evidence: how many days there were, and what it risked.

    `spent` is the probability of a false promotion that this look might take, given that the
    contender still had its place; it lost it below `floor`, in standard errors.
    """

    days: int
    spent: float
    floor: float


class ChallengeRef(Contract):
    """What the days since both were trained say of the challenger against the champion."""

    challenger_version: str
    artifact: ArtifactRef
    entered_at: Instant
    champion_version: str
    champion_release: int
    evidence: Evidence | None
    guards: tuple[Guard, ...] = ()
    problem: str = ""
    document: ArtifactRef | None = None
    """The days one by one, as JSON; None where there is nothing to compare."""


class PromotionDecision(Contract):
    """The gate's verdict and the champion it was judged against.

    `challenger_version` is the version that was judged; None: tonight's candidate. It `leaves` the
    challenger's place where it was decided on. Tonight's candidate `enters` it where the place is
    free and the evidence is not enough yet.
    """

    key: str
    verdict: Verdict
    reason: str
    release: bool
    champion_version: str | None
    champion_release: int | None
    artifact: ArtifactRef
    challenger_version: str | None = None
    leaves: bool = False
    enters: bool = False
    gives_up: str | None = None
    """A challenger that leaves its place although tonight's candidate was judged."""
