"""What one step hands to the next: small, frozen, JSON. XCom and the CLI carry nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Verdict = Literal["promote", "reject", "inconclusive"]
GateMode = Literal["off", "dry_run", "enforce"]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"got {value.isoformat()}, expected a time with its zone")
    return value


Instant = Annotated[datetime, AfterValidator(_aware)]


class Contract(BaseModel):
    """A frozen record that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Actor(Contract):
    """Who acts, and how we know."""

    name: str
    kind: Literal["airflow", "os_user"]

    def __str__(self) -> str:
        return f"{self.name} ({'Airflow' if self.kind == 'airflow' else 'OS user'})"


class RunRequest(Contract):
    """What a trigger form, a schedule or a command line asks for."""

    as_of: Instant
    knowledge_time: Instant | None = None
    force_retrain: bool = False
    gate_mode: GateMode | None = None
    budget_s: float | None = Field(default=None, gt=0)
    trials: int | None = Field(default=None, ge=1)
    dry_run: bool = False
    reason: str = ""
    timeline: str = Field(default="live", pattern=r"^(live|simulated:[A-Za-z0-9_.:+-]+)$")


class RunRef(Contract):
    """One night: its resolved spec (by digest) and its effective parameters."""

    run_key: str
    model: str
    spec_digest: str
    as_of: Instant
    knowledge_time: Instant
    timeline: str
    force_retrain: bool
    gate_mode: GateMode
    budget_s: float | None
    trials: int | None
    dry_run: bool
    reason: str
    actor: Actor


class ArtifactRef(Contract):
    """A file in the artifact store: where, and what exactly."""

    key: str
    digest: str
    size_bytes: int


class StagedTable(Contract):
    """Rows read from a source and not yet let into the lake."""

    artifact: ArtifactRef | None
    rows: int
    since: Instant | None
    until: Instant
    new_columns: tuple[str, ...] = ()
    gone_columns: tuple[str, ...] = ()


class StagedData(Contract):
    """What `ingest_data` read. `validate_data` decides whether it is let in."""

    as_of: Instant
    tables: dict[str, StagedTable]


class TableSnapshot(Contract):
    """One table as it was known at the snapshot's `as_of`."""

    digest: str
    rows: int


class SnapshotRef(Contract):
    """What a run may read: every table as known at `knowledge_time`, by content digest."""

    as_of: Instant
    knowledge_time: Instant
    digest: str
    tables: dict[str, TableSnapshot]
    validation: ArtifactRef | None = None
    data_docs: ArtifactRef | None = None
    quarantined: int = 0
    warnings: int = 0


class DriftedColumn(Contract):
    """A column that drifted: its stability index, what that had to reach, its adjusted p-value."""

    column: str
    psi: float
    threshold: float
    p_value: float


class DriftRef(Contract):
    """What `check_drift` found, and against what: nothing, where there was nothing to compare.

    `drifted` (the worst first, at most 60 names) and `worst` are of the first comparison: with the
    champion's training data, or, without, with the window before.
    """

    key: str
    report: ArtifactRef
    document: ArtifactRef
    rows: int
    first_day: str | None
    last_day: str | None
    champion_version: str | None
    against: Literal["training", "window_before"] | None
    columns: int
    drifted_columns: int
    drifted: tuple[str, ...] = ()
    worst: tuple[DriftedColumn, ...] = ()
    sentences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RetrainingDecision(Contract):
    """Whether this night trains, and why."""

    key: str
    retrain: bool
    reason: str
    snapshot: SnapshotRef


class ExamplesRef(Contract):
    """The examples of a night: features, target and split, ready to train on."""

    artifact: ArtifactRef
    snapshot_digest: str
    rows: int
    training_rows: int
    holdout_rows: int
    cutoff: Instant | None
    features: tuple[str, ...]
    dropped: dict[str, str] = Field(default_factory=dict)
    live: ArtifactRef | None = None
    """Features of the newest rows, which have no label yet; None without time."""
    tables: dict[str, TableSnapshot] = Field(default_factory=dict)
    """What each table of the snapshot held."""


class LeakageRef(Contract):
    """What `check_leakage` found in the examples of a night that it let pass."""

    artifact: ArtifactRef
    rows: int
    features: int
    warnings: tuple[str, ...] = ()
    accepted: dict[str, str] = Field(default_factory=dict)


class SearchRef(Contract):
    """A stored search: its key in the ledger, and what it found."""

    key: str
    trials: int
    failed_trials: int
    best_loss: float | None
    best_algorithm: str | None
    seconds: float


class CandidateRef(Contract):
    """A trained, unjudged model."""

    artifact: ArtifactRef
    key: str
    examples: ArtifactRef
    search_key: str
    chosen: str
    losses: dict[str, float]
    weights: dict[str, float]
    cutoff: Instant | None
    calibrated: str = ""
    threshold: float | None = None
    continued: str = ""
    """The version whose members were continued on newer rows; empty for a model trained afresh."""
    course: ArtifactRef | None = None
    """How it was fitted, for whoever fits it again."""


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


class VersionRef(Contract):
    """A registered version."""

    key: str
    model: str
    version: str
    mlflow_run_id: str
    artifact_digest: str


class ApprovalRef(Contract):
    """Whether a release needs a person's approval, and what was asked and answered.

    Without `key` nobody was asked yet, without `answer` nobody has answered. `expired`: nobody
    did until `until`, and `on_deadline` says what follows. These times are on the wall clock.
    """

    needed: bool
    why: str
    key: str | None = None
    version: str | None = None
    asked_at: Instant | None = None
    until: Instant | None = None
    on_deadline: Literal["reject", "release"] = "reject"
    assignees: tuple[str, ...] = ()
    answer: Literal["approve", "reject", "expired"] | None = None
    answered_at: Instant | None = None
    actor: Actor | None = None
    reason: str = ""

    @property
    def granted(self) -> bool:
        """Whether the release may go on."""
        expired_into_release = self.answer == "expired" and self.on_deadline == "release"
        return not self.needed or self.answer == "approve" or expired_into_release

    @property
    def waits(self) -> bool:
        """Whether somebody was asked and nobody has answered."""
        return self.key is not None and self.answer is None

    @property
    def without_answer(self) -> str:
        """What becomes of the version if nobody answers."""
        return "released" if self.on_deadline == "release" else "rejected"

    @property
    def took(self) -> timedelta:
        """How long the answer took; 0 where nobody had to answer."""
        if self.asked_at is None or self.answered_at is None:
            return timedelta(0)
        return self.answered_at - self.asked_at

    def __str__(self) -> str:
        if not self.needed:
            return f"no approval needed: {self.why}"
        if self.answer is None:
            asked = f" until {self.until:%Y-%m-%d %H:%M %Z}" if self.until else ""
            return f"version {self.version} waits for approval{asked}, because {self.why}"
        because = f": {self.reason}" if self.reason else ""
        if self.answer == "expired":
            until = f"{self.until:%Y-%m-%d %H:%M %Z}"
            return f"nobody answered until {until}, so it is {self.without_answer}"
        verb = "approved" if self.answer == "approve" else "rejected"
        return f"{verb} by {self.actor and self.actor.name}{because}"


class ReleaseRef(Contract):
    """The ledger's line about who became champion, or why nobody did."""

    released: bool
    reason: str
    version: str | None = None
    release: int | None = None
    valid_from: Instant | None = None


class ScoredInterval(Contract):
    """An interval whose examples were scored, and by which versions."""

    model: str
    start: Instant
    end: Instant
    rows: int
    versions: tuple[str, ...]
    digest: str
    snapshot_digest: str


class EvaluatedVersion(Contract):
    """How a version did in an interval, by the labels known at a time."""

    version: str
    knowledge_time: Instant
    hindsight: bool
    rows: int
    labelled_rows: int
    loss: float | None


class EvaluatedInterval(Contract):
    """An interval of the past that was evaluated, and what the ledger now holds of it.

    `caught_up` are the starts of earlier intervals that were evaluated again, since their labels
    had matured; `written` counts the evaluations that were not in the ledger before.
    """

    model: str
    start: Instant
    end: Instant
    chosen_by: str
    versions: tuple[EvaluatedVersion, ...]
    caught_up: tuple[Instant, ...]
    written: int


class RunReport(Contract):
    """The night in sentences."""

    run_key: str
    model: str
    as_of: Instant
    outcome: str
    sentences: tuple[str, ...]
    report: ArtifactRef | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class Keep(Contract):
    """How long things are kept before upkeep may delete them, or counts them as abandoned."""

    logs_days: int = Field(default=30, ge=1, description="Task logs of Lamplighter's DAGs.")
    xcoms_days: int = Field(default=30, ge=1, description="XComs of Lamplighter's DAGs.")
    trials_days: int = Field(default=90, ge=7, description="Trials of searches, in the ledger.")
    artifacts_days: int = Field(
        default=90,
        ge=7,
        description="Staged rows, frames of examples and unregistered candidates.",
    )
    replaced_days: int = Field(
        default=7, ge=7, description="Files of the lake's tables that others have replaced."
    )
    stale_hours: int = Field(
        default=24, ge=1, description="MLflow runs that still run after this long are ended."
    )


class Upkeep(Contract):
    """What one duty of upkeep did, and what it found that a person has to look at."""

    duty: str
    done: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    dry_run: bool = False
