"""Playing a timeline: one night after the other, each as the library does it, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lamplighter.contracts import (
    Actor,
    ArtifactRef,
    CandidateRef,
    Contract,
    PromotionDecision,
    ReleaseRef,
    RetrainingDecision,
    RunRequest,
    VersionRef,
)
from lamplighter.errors import LamplighterError
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.beginning import inherit
from lamplighter.steps.replay.plan import Play, Span
from lamplighter.steps.replay.really_trained import really_ran
from lamplighter.steps.replay.training import THREADS, training_seconds
from lamplighter.steps.whole_night import Listener, run_night

_PLAYED = "replay/night"


@dataclass(frozen=True)
class Model:
    """A model that was trained, and where it lies."""

    version: str
    as_of: str
    artifact: dict[str, Any]

    @property
    def digest(self) -> str:
        """Digest of its file: the same model on another timeline has the same."""
        return str(self.artifact["digest"])

    @property
    def ref(self) -> ArtifactRef:
        """Where it lies."""
        return ArtifactRef.model_validate(self.artifact)


@dataclass(frozen=True, kw_only=True)
class NightPlayed:
    """What one night of a timeline came to. Times are ISO texts, as they are stored."""

    as_of: str
    retrained: bool
    reason: str
    verdict: str | None = None
    promotion_reason: str | None = None
    trained: Model | None = None
    released: Model | None = None
    replaced: Model | None = None
    champion: Model | None = None
    training_s: float = 0.0
    stopped: str = ""


def play(
    chosen: Play,
    span: Span,
    stores: Stores,
    *,
    actor: Actor,
    say: Callable[[str], None],
    before_playing: Callable[[datetime], None] = lambda _: None,
) -> list[NightPlayed]:
    """Play the nights of one timeline; those that were played before are read back.

    A night that the library stops, for too few examples say, stays a stopped night, as it would
    have been: the champion remains and the next night goes on. `before_playing` is called
    before a night that is really played.
    """
    if not is_played(chosen, span.nights[0], stores):
        inherit(chosen.begins_with, chosen.timeline, stores, actor)
    played: list[NightPlayed] = []
    with TemporaryDirectory(prefix="lamplighter-replay-") as folder:
        spec_path = Path(folder) / f"{chosen.spec.model}.yaml"
        spec_path.write_text(json.dumps(chosen.spec.document()), encoding="utf-8")
        for number, as_of in enumerate(span.nights, start=1):
            stored = _read(chosen, as_of, stores)
            if stored is None:
                before_playing(as_of)
                stored = _play_night(chosen, as_of, spec_path, stores, actor)
                _keep(chosen, as_of, stored, stores)
            played.append(stored)
            trainings = sum(night.trained is not None for night in played)
            say(
                f"{chosen.policy}, gate {chosen.gate}: night {number} of {len(span.nights)}, "
                f"{trainings} trainings so far"
            )
    return played


@dataclass
class _Heard(Listener):
    """What the steps of a night came to, and how long they took."""

    outcomes: dict[str, Contract | None] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def ended(self, step: str, outcome: Contract | None, seconds: float) -> None:
        """Keep a step's outcome."""
        self.outcomes[step] = outcome
        self.seconds[step] = seconds


def _play_night(
    chosen: Play,
    as_of: datetime,
    spec_path: Path,
    stores: Stores,
    actor: Actor,
) -> NightPlayed:
    heard, stopped = _Heard(), ""
    before = _champion(chosen, as_of - timedelta(microseconds=1), stores)
    try:
        run_night(
            spec_path,
            request_of(chosen, as_of, stores),
            run_id=f"replay/{chosen.timeline}/{as_of.isoformat()}",
            actor=actor,
            stores=stores,
            listener=heard,
            threads=THREADS,
        )
    except LamplighterError as error:
        stopped = str(error)
    outcomes = heard.outcomes
    retraining, decision = outcomes.get("decide_retraining"), outcomes.get("decide_promotion")
    release, version = outcomes.get("release_model"), outcomes.get("register_model")
    judged = decision if isinstance(decision, PromotionDecision) else None
    champion = _champion(chosen, as_of, stores)
    released = isinstance(release, ReleaseRef) and release.released
    return NightPlayed(
        as_of=as_of.isoformat(),
        retrained=isinstance(retraining, RetrainingDecision) and retraining.retrain,
        reason=retraining.reason if isinstance(retraining, RetrainingDecision) else "",
        verdict=judged.verdict if judged else None,
        promotion_reason=judged.reason if judged else None,
        trained=_trained(chosen, outcomes, version, as_of),
        released=champion if released else None,
        replaced=before if released else None,
        champion=champion,
        training_s=_seconds(heard, stores),
        stopped=stopped,
    )


def request_of(chosen: Play, as_of: datetime, stores: Stores) -> RunRequest:
    """Ask for the budget that was given, or for that of the night that really ran."""
    request = RunRequest(as_of=as_of, timeline=chosen.timeline, trials=chosen.trials)
    if chosen.trials is not None or stores.lived is None:
        return request
    ran = really_ran(stores.lived, chosen.spec.model).get(as_of.isoformat())
    if ran is None:
        return request
    return request.model_copy(update={"trials": ran.trials, "budget_s": ran.budget_s})


def _trained(
    chosen: Play, outcomes: dict[str, Contract | None], version: Contract | None, as_of: datetime
) -> Model | None:
    candidate = outcomes.get("train_ensemble")
    if not isinstance(candidate, CandidateRef):
        return None
    number = version.version if isinstance(version, VersionRef) else ""
    return Model(number, as_of.isoformat(), candidate.artifact.model_dump(mode="json"))


def _champion(chosen: Play, at: datetime, stores: Stores) -> Model | None:
    release = stores.ledger.champion(chosen.spec.model, timeline=chosen.timeline, at=at)
    if release is None:
        return None
    version = stores.ledger.version(chosen.spec.model, release.version)
    trained = version.as_of if version else release.as_of
    return Model(release.version, trained.isoformat(), release.artifact.model_dump(mode="json"))


def _seconds(heard: _Heard, stores: Stores) -> float:
    candidate = heard.outcomes.get("train_ensemble")
    if not isinstance(candidate, CandidateRef):
        return 0.0
    return training_seconds(stores, candidate, heard.seconds)


def _key(chosen: Play, as_of: datetime) -> str:
    timeline = chosen.timeline.replace(":", "-")
    return f"{_PLAYED}/{timeline}/{as_of:%Y-%m-%dT%H%M%S}.json"


def _keep(chosen: Play, as_of: datetime, night: NightPlayed, stores: Stores) -> None:
    text = json.dumps(asdict(night), indent=2, sort_keys=True)
    stores.artifacts.write(_key(chosen, as_of), text.encode())


def is_played(chosen: Play, as_of: datetime, stores: Stores) -> bool:
    """Whether a night was played before, so that it is only read back."""
    return stores.artifacts.find(_key(chosen, as_of)) is not None


def _read(chosen: Play, as_of: datetime, stores: Stores) -> NightPlayed | None:
    stored = stores.artifacts.find(_key(chosen, as_of))
    if stored is None:
        return None
    values = json.loads(stores.artifacts.read(stored))
    for name in ("trained", "released", "replaced", "champion"):
        values[name] = Model(**values[name]) if values[name] else None
    return NightPlayed(**values)


def models_of(played: Sequence[NightPlayed]) -> dict[str, Model]:
    """Return all models of a timeline by the digest of their file."""
    found = [model for night in played for model in (night.trained, night.replaced, night.champion)]
    return {model.digest: model for model in found if model is not None}
