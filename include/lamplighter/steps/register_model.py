"""Step register_model: the intent in the ledger, then a version in the registry, exactly once."""

from __future__ import annotations

import logging
import re
from typing import Any

from lamplighter.contracts import (
    ArtifactRef,
    CandidateRef,
    EvaluationRef,
    ExamplesRef,
    ExplanationRef,
    VersionRef,
)
from lamplighter.errors import ArtifactError
from lamplighter.monitoring.profile import Profile
from lamplighter.registry.registration import Registered
from lamplighter.steps.examples_frame import BLOCK, read_examples
from lamplighter.steps.golden_rows import keep_golden
from lamplighter.steps.libraries import requirements
from lamplighter.steps.measure_drift import REFERENCE
from lamplighter.steps.model_card import CARD
from lamplighter.steps.night import Night
from lamplighter.steps.proof.record import Proof, keep_proof, proof_of
from lamplighter.steps.refit.configuration import refit_detail
from lamplighter.steps.replay.registering import register_replayed
from lamplighter.steps.search_page import logged_search, search_page
from lamplighter.training.predictor import Predictor

log = logging.getLogger(__name__)

_EXAMPLE_ROWS = 5
_NO_METRIC_NAME = re.compile(r"[^\w\-. /]")
"""What MLflow does not take in the name of a metric."""


def register_model(
    night: Night,
    examples: ExamplesRef,
    candidate: CandidateRef,
    evaluation: EvaluationRef,
    explanation: ExplanationRef | None,
) -> VersionRef | None:
    """Register a sane candidate. Returns None where there is nothing to register.

    The intent goes to the ledger under the candidate's key before the registry is touched. A
    killed try finds its own half-finished version; of two at once, the ledger's first line
    wins and the other discards its version.
    """
    run, name = night.run, night.registered_name
    if run.dry_run:
        night.say("not registered: dry run")
        return None
    if not evaluation.sane:
        night.say(f"not registered: {'; '.join(evaluation.problems)}")
        return None
    if explanation is None:
        drifts = night.spec.retrain.policy == "on_drift"  # else nobody looks at the profile
        profile = _reference(night, examples, candidate) if drifts else None
        kept: dict[str, Any] = {REFERENCE: profile.model_dump(mode="json")} if profile else {}
        kept |= refit_detail(candidate)
        return register_replayed(night, examples, candidate, kept)
    key = night.key("version", candidate.artifact.digest)
    proof = proof_of(night, examples, candidate, read_examples(night, examples))
    night.ledger.intend_version(
        key,
        model=run.model,
        as_of=run.as_of,
        artifact=candidate.artifact,
        run_key=run.run_key,
        timeline=run.timeline,
        details={
            "snapshot": examples.snapshot_digest,
            "spec": run.spec_digest,
            "cutoff": candidate.cutoff.isoformat() if candidate.cutoff else None,
            "registered_name": name,
            **refit_detail(candidate),
            **(keep_proof(night, candidate, proof) if proof else {}),
            **_golden(night, examples, candidate),
            CARD: explanation.document.model_dump(mode="json"),
            REFERENCE: _reference(night, examples, candidate).model_dump(mode="json"),
        },
    )
    stored = night.ledger.version_by_key(key)
    if stored is None:
        mine = _register(night, key, examples, candidate, evaluation, explanation, proof)
        stored = night.ledger.record_version(key, version=mine.version, mlflow_run_id=mine.run_id)
        if stored.version != mine.version:
            night.registry.discard_version(name, mine.version)
    night.say(f"registered as version {stored.version} of {name}")
    log.info("%s: version %s, run %s", run.model, stored.version, stored.mlflow_run_id)
    return VersionRef(
        key=key,
        model=run.model,
        version=stored.version,
        mlflow_run_id=stored.mlflow_run_id,
        artifact_digest=candidate.artifact.digest,
    )


def _reference(night: Night, examples: ExamplesRef, candidate: CandidateRef) -> ArtifactRef:
    """Keep a small profile of what was trained on: it outlives the examples themselves."""
    frame = read_examples(night, examples)
    days = frame.training[BLOCK].tolist() if night.spec.time else None
    profile = Profile.learn(frame.features(frame.training, frame.kept), days)
    key = night.key(REFERENCE, candidate.artifact.digest)
    return night.artifacts.write_frame(f"{key}.parquet", profile.to_frame())


def _golden(night: Night, examples: ExamplesRef, candidate: CandidateRef) -> dict[str, Any]:
    """Keep what the candidate predicts for some of its rows, and the libraries it ran under."""
    frame = read_examples(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    return keep_golden(
        night.artifacts,
        night.key("golden", candidate.artifact.digest),
        predictor,
        frame.features(frame.shown, predictor.features),
        count=night.spec.release.golden_rows,
    )


def _register(
    night: Night,
    key: str,
    examples: ExamplesRef,
    candidate: CandidateRef,
    evaluation: EvaluationRef,
    explanation: ExplanationRef,
    proof: Proof | None,
) -> Registered:
    frame = read_examples(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    rows = frame.features(frame.shown, predictor.features).head(_EXAMPLE_ROWS)
    searched = candidate.refit_of is None
    with night.artifacts.path(candidate.artifact) as predictor_path:
        return night.registry.register(
            key=key,
            model=night.registered_name,
            predictor_path=predictor_path,
            artifact_digest=candidate.artifact.digest,
            params=_params(night, examples, candidate) | (proof.summary() if proof else {}),
            metrics=_metrics(candidate, evaluation),
            tags=_tags(night, evaluation) | _whose(candidate),
            datasets={"examples": examples.artifact.digest, "snapshot": examples.snapshot_digest},
            input_example=rows,
            output_example=predictor.predict(rows),
            reports={
                "evaluation.html": night.artifacts.read(evaluation.report),
                "evaluation.json": night.artifacts.read(evaluation.document),
                "card.html": night.artifacts.read(explanation.page),
                "card.md": night.artifacts.read(explanation.text),
                "card.json": night.artifacts.read(explanation.document),
                **(_search(night, candidate.search_key) if searched else {}),
            },
            requirements=requirements(),
            search=logged_search(night, candidate.search_key) if searched else None,
        )


def _search(night: Night, key: str) -> dict[str, bytes]:
    """Return the pages of the search that a candidate came from."""
    page, document = search_page(night, key)
    return {
        "search.html": night.artifacts.read(page),
        "search.json": night.artifacts.read(document),
    }


def _whose(candidate: CandidateRef) -> dict[str, str]:
    """Say in a tag whose refit it is."""
    return {"lamplighter.refit_of": candidate.refit_of} if candidate.refit_of else {}


def _params(night: Night, examples: ExamplesRef, candidate: CandidateRef) -> dict[str, Any]:
    search = night.ledger.finished_search(candidate.search_key)
    if search is None:
        raise ArtifactError(f"search {candidate.search_key} is not finished; clear train_ensemble")
    return {
        "as_of": night.run.as_of.isoformat(),
        "knowledge_time": night.run.knowledge_time.isoformat(),
        "spec_digest": night.run.spec_digest,
        "chosen": candidate.chosen,
        "training_rows": examples.training_rows,
        "holdout_rows": examples.holdout_rows,
        "cutoff": candidate.cutoff.isoformat() if candidate.cutoff else None,
        "features": len(examples.features),
        "trials": search["trials"],
        "best_algorithm": search["best_algorithm"],
        "seed": night.spec.search.seed,
        "threads": night.threads,
        **{f"weight.{name}": weight for name, weight in candidate.weights.items()},
    }


def _metrics(candidate: CandidateRef, evaluation: EvaluationRef) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for name, estimate in evaluation.metrics.items():
        metrics[f"holdout_{name}"] = estimate.value
        metrics[f"holdout_{name}_lower"] = estimate.lower
        metrics[f"holdout_{name}_upper"] = estimate.upper
    for name, estimate in evaluation.champion_metrics.items():
        metrics[f"champion_{name}"] = estimate.value
    for name, loss in candidate.losses.items() if candidate.refit_of is None else ():
        metrics[f"out_of_fold_loss_{name}"] = loss
    for check in evaluation.checks:
        if check.value is not None:
            name = "/".join(filter(None, (check.section, check.what, check.about)))
            metrics[f"gate/{_NO_METRIC_NAME.sub('_', name)}"] = check.value
    return metrics


def _tags(night: Night, evaluation: EvaluationRef) -> dict[str, str]:
    return {
        "lamplighter.model": night.run.model,
        "lamplighter.as_of": night.run.as_of.isoformat(),
        "lamplighter.timeline": night.run.timeline,
        "lamplighter.run_key": night.run.run_key,
        "lamplighter.spec_digest": night.run.spec_digest,
        "lamplighter.judged_against": evaluation.champion_version or "none",
    }
