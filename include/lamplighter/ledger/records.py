"""The ledger's rows as frozen records. Every time in them is aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from lamplighter.contracts import Actor, ArtifactRef, RunRef

DecisionKind = Literal["retraining", "promotion", "approval", "release", "stop", "run", "suite"]
ApprovalAnswer = Literal["approve", "reject", "expired"]
ReleaseKind = Literal["release", "rollback", "promote", "adopt"]
FreezeKind = Literal["freeze", "unfreeze"]
ChallengeAct = Literal["enter", "leave"]
TrialStatus = Literal["ok", "failed", "pruned"]


@dataclass(frozen=True, kw_only=True)
class StoredRun:
    """A night that was begun: under which run id, and when by the wall clock."""

    run_id: str
    run: RunRef
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Search:
    """A search that workers share."""

    key: str
    model: str
    timeline: str
    as_of: datetime
    settings: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial of a search, as its worker reported it."""

    index: int
    worker: int
    algorithm: str
    params: dict[str, Any]
    loss: float | None
    seconds: float
    status: TrialStatus
    error: str
    folds: tuple[float, ...]
    fidelity: float
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided, and why. `id` counts upwards in the order of storing."""

    id: int
    key: str
    run_key: str
    model: str
    timeline: str
    kind: DecisionKind
    verdict: str
    reason: str
    evidence: dict[str, Any]
    as_of: datetime
    champion_version: str | None
    candidate_version: str | None
    actor: Actor
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class VersionIntent:
    """That an artifact is going to be registered; written before the registry is touched."""

    key: str
    model: str
    run_key: str
    timeline: str
    as_of: datetime
    artifact: ArtifactRef
    details: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version in the registry, and the artifact that it stands for."""

    key: str
    model: str
    version: str
    mlflow_run_id: str
    run_key: str
    timeline: str
    as_of: datetime
    artifact: ArtifactRef
    details: dict[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """The wish to make a version champion.

    Parameters
    ----------
    key : str
        Deterministic: the same act has the same key however often it is tried.
    predecessor : int
        Id of the release that was champion when the decision was made, as `Ledger.champion`
        gave it; 0 if there was none. For the first release of a simulated timeline that is
        live's champion of the moment before `as_of`.
    as_of : datetime
        The `as_of` of the run, or `Ledger.data_clock` for an act by a person.
    valid_from : datetime
        From when on it is champion, on the data's clock: `as_of` plus what an approval took.
    decision_key : str, optional
        The decision that this carries out.
    even_if_frozen : bool
        Let a freeze not stop it. For a rollback only, which may be an emergency.
    """

    key: str
    model: str
    version: str
    artifact: ArtifactRef
    predecessor: int
    as_of: datetime
    valid_from: datetime
    actor: Actor
    reason: str
    kind: ReleaseKind = "release"
    timeline: str = "live"
    decision_key: str | None = None
    even_if_frozen: bool = False


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version's time as champion.

    `predecessor` is the release before it on its own timeline, 0 for the first. `valid_to` is
    derived: when the next one began, None while there is none.
    """

    id: int
    key: str
    model: str
    timeline: str
    predecessor: int
    kind: ReleaseKind
    version: str
    artifact: ArtifactRef
    as_of: datetime
    valid_from: datetime
    valid_to: datetime | None
    actor: Actor
    reason: str
    decision_key: str | None
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class FreezeAct:
    """That somebody froze a model or lifted a freeze; `model` is `*` for all models."""

    id: int
    key: str
    model: str
    kind: FreezeKind
    reason: str
    actor: Actor
    recorded_at: datetime

    def __str__(self) -> str:
        whole = "with all models " if self.model == "*" else ""
        verb = "frozen" if self.kind == "freeze" else "unfrozen"
        return f"{verb} {whole}by {self.actor} since {self.recorded_at:%Y-%m-%d %H:%M %Z}: " + (
            self.reason
        )


@dataclass(frozen=True, kw_only=True)
class ApprovalAct:
    """The answer to a question whether a version may be released; `expired` if nobody gave one.

    `asked_at` and `answered_at` are on the wall clock, `as_of` on the data's.
    """

    id: int
    key: str
    model: str
    timeline: str
    version: str
    decision_key: str
    answer: ApprovalAnswer
    reason: str
    as_of: datetime
    asked_at: datetime
    answered_at: datetime
    actor: Actor
    recorded_at: datetime

    @property
    def took(self) -> timedelta:
        """How long the answer took; 0 where two machines' clocks disagree."""
        return max(self.answered_at - self.asked_at, timedelta(0))


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What an owner was told, and by which way."""

    id: int
    key: str
    model: str
    event: str
    level: str
    message: str
    via: str
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Defect:
    """What somebody found wrong with a version; the `mended_*` are None while it stands.

    `id` is the number by which a person names it.
    """

    id: int
    key: str
    model: str
    version: str
    description: str
    actor: Actor
    recorded_at: datetime
    mended_by: Actor | None
    mended_at: datetime | None
    mended_because: str | None

    @property
    def standing(self) -> bool:
        """Whether nobody mended it yet."""
        return self.mended_by is None


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What was found to be wrong; the `closed_*` are None while it stands.

    `actor` is who looked and found it. Who caused it, if that is known, stands in the message.
    """

    id: int
    key: str
    model: str
    kind: str
    message: str
    details: dict[str, Any]
    actor: Actor
    recorded_at: datetime
    closed_by: Actor | None
    closed_at: datetime | None
    closed_how: str | None

    @property
    def standing(self) -> bool:
        """Whether nobody closed it yet."""
        return self.closed_by is None


NO_CHAMPION = "none"
"""What stands for the version of an evaluation where nobody was champion."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How a version did in an interval, by the labels known at a time; not stored yet.

    Parameters
    ----------
    key : str
        Deterministic: whose, which interval, by what knowledge.
    version : str
        `NO_CHAMPION` where nobody was champion.
    chosen_by : str
        ``champion`` of each moment, ``current``, or ``version:N``.
    hindsight : bool
        Whether features, too, are as known at `knowledge_time`; else as known at each prediction.
    rows, labelled_rows : int
        Examples that the version predicts in the interval, and how many have a label by then.
    metrics : dict
        ``{name: {"value", "lower", "upper"}}``; the bounds are None where a day allows none.
    slices : tuple of dict
        The same for parts of the rows.
    """

    key: str
    model: str
    version: str
    chosen_by: str
    interval_start: datetime
    interval_end: datetime
    knowledge_time: datetime
    hindsight: bool
    rows: int
    labelled_rows: int
    metrics: dict[str, Any]
    slices: tuple[dict[str, Any], ...]
    details: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class HistoricEvaluation(Judged):
    """A stored evaluation of the past. `id` counts upwards in the order of storing."""

    id: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """That a version took the challenger's place, or left it."""

    id: int
    key: str
    model: str
    timeline: str
    act: ChallengeAct
    version: str
    as_of: datetime
    reason: str
    details: dict[str, Any]
    actor: Actor
    recorded_at: datetime
