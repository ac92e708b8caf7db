"""The part of a replayed night that trains: it depends on the night, not on the policy."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from lamplighter.contracts import (
    Actor,
    CandidateRef,
    ExamplesRef,
    LeakageRef,
    RunRequest,
    SnapshotRef,
)
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.spec import ModelSpec
from lamplighter.steps.check_leakage import check_leakage
from lamplighter.steps.night import Night, Stores
from lamplighter.steps.replay.once import once
from lamplighter.steps.resolve_spec import effective_run
from lamplighter.steps.select_features import select_features
from lamplighter.steps.train_ensemble import train_ensemble
from lamplighter.steps.tune_model import tune_model
from lamplighter.steps.validate_data import take_snapshot

THREADS = 1
"""Of each training. What some libraries fit depends on it, and trainings share the cores."""

_TRAINING = (
    "select_features",
    "check_leakage",
    "tune_model",
    "train_ensemble",
    "evaluate_candidate",
)
_BEFORE_ALL = datetime(1700, 1, 1, tzinfo=UTC)


def learn_features(spec: ModelSpec, stores: Stores, *, end: datetime) -> None:
    """Build the features of all examples once: they are those that every night would build."""
    examples = interval_examples(spec, stores.lake, start=_BEFORE_ALL, end=end)
    stores.build(spec, examples, lambda: feature_view(spec, stores.lake, as_of=end))


def train(spec: ModelSpec, request: RunRequest, stores: Stores, actor: Actor) -> CandidateRef:
    """Do of a night what leads to its candidate, as `run_night` does it, and nothing else."""
    began = time.monotonic()
    run = effective_run(spec, request, actor, replayed=True)
    stores.ledger.put_spec(spec.digest, model=spec.model, document=spec.document())
    night = Night(spec=spec, run=run, stores=stores, threads=THREADS)
    examples = examples_of_night(night, take_snapshot(night))
    leakage_of_night(night, examples)
    tune_model(night, examples, workers=1)
    candidate = train_ensemble(night, examples)
    keep_seconds(stores, candidate, time.monotonic() - began)
    return candidate


def examples_of_night(
    night: Night, snapshot: SnapshotRef, *, refit_of: str | None = None
) -> ExamplesRef:
    """Select the features of a night. Those of a refit are of its version, so of a timeline."""
    if refit_of is not None:
        return select_features(night, snapshot, refit_of=refit_of)
    return once(
        night,
        "select_features",
        snapshot.digest,
        ExamplesRef,
        lambda: select_features(night, snapshot),
    )


def leakage_of_night(night: Night, examples: ExamplesRef) -> LeakageRef:
    """Look for leaks in a night's examples."""
    return once(
        night,
        "check_leakage",
        examples.artifact.digest,
        LeakageRef,
        lambda: check_leakage(night, examples),
    )


def training_seconds(
    stores: Stores, candidate: CandidateRef, seconds: Mapping[str, float]
) -> float:
    """Return what a training took when it was done, by whichever policy asked first.

    Parameters
    ----------
    seconds : mapping of str to float
        What each step took tonight.
    """
    stored = stores.artifacts.find(_key(candidate))
    if stored is not None:
        return float(json.loads(stores.artifacts.read(stored)))
    took = sum(seconds.get(step, 0.0) for step in _TRAINING)
    search = stores.ledger.finished_search(candidate.search_key) or {}
    return keep_seconds(stores, candidate, max(took, float(search.get("seconds", 0.0))))


def keep_seconds(stores: Stores, candidate: CandidateRef, took: float) -> float:
    """Write down what a training took, unless that is known; return what is."""
    stored = stores.artifacts.find(_key(candidate))
    if stored is not None:
        return float(json.loads(stores.artifacts.read(stored)))
    stores.artifacts.write(_key(candidate), json.dumps(took).encode())
    return took


def _key(candidate: CandidateRef) -> str:
    return f"{candidate.key}.seconds.json"
