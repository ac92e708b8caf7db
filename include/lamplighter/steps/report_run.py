"""Step report_run: what was decided tonight and why, in sentences."""

from __future__ import annotations

import json
import logging
import posixpath
from collections.abc import Mapping
from typing import Any, get_args

from lamplighter.contracts import (
    ApprovalRef,
    ArtifactRef,
    CandidateRef,
    ChallengeRef,
    Contract,
    DriftRef,
    EvaluationRef,
    ExamplesRef,
    ExplanationRef,
    LeakageRef,
    PromotionDecision,
    ReleaseRef,
    RetrainingDecision,
    RunReport,
    SearchRef,
    SnapshotRef,
    StagedData,
    VersionRef,
)
from lamplighter.evaluation.document import Link, StepOutcome, night_document
from lamplighter.evaluation.report import render_night
from lamplighter.spec.operations import Step
from lamplighter.steps.check_leakage import FILE as LEAKAGE_FILE
from lamplighter.steps.explain_candidate import in_words
from lamplighter.steps.night import Night
from lamplighter.steps.night_sentences import OUTCOME_WORDS, night_outcome, night_sentences
from lamplighter.steps.search_page import search_page
from lamplighter.steps.stopped_night import stop_reason
from lamplighter.steps.train_ensemble import selection_key

log = logging.getLogger(__name__)

STEPS = tuple(
    step
    for step in get_args(Step)
    if step not in ("report_run", "score_interval", "evaluate_interval")
)
"""The steps that a report speaks of, in their order."""


def report_run(
    night: Night,
    outcomes: Mapping[str, Contract | None],
    failures: Mapping[str, str],
    *,
    seconds: Mapping[str, float] | None = None,
) -> RunReport:
    """Write the night's report, as HTML and as JSON with the same content.

    Parameters
    ----------
    outcomes : mapping of str to contract
        What each step that ended well returned.
    failures : mapping of str to str
        Message of each step that failed; where it is empty, the ledger is asked.
    seconds : mapping of str to float, optional
        How long each step took.
    """
    run, artifacts = night.run, night.artifacts
    known = {step: message or stop_reason(night, step) for step, message in failures.items()}
    outcome = night_outcome(outcomes, known)
    sentences = night_sentences(night, outcome, outcomes, known)
    evaluation = outcomes.get("evaluate_candidate")
    judged = evaluation if isinstance(evaluation, EvaluationRef) else None
    decision = outcomes.get("decide_promotion")
    looked_at = "validate_data" in known or "validate_data" in outcomes
    document = night_document(
        run,
        outcome=OUTCOME_WORDS[outcome],
        sentences=sentences,
        verdict=decision.verdict if isinstance(decision, PromotionDecision) else None,
        steps=[_step(night, step, outcomes, known, seconds or {}) for step in STEPS],
        problems=[
            *(_data_problems(night) if looked_at else []),
            *_leaks(night, outcomes, known),
        ],
        evaluation=json.loads(artifacts.read(judged.document))
        if judged and judged.refit_of is None
        else None,
        selection=_selection(night, outcomes.get("train_ensemble")),
        links=[*_links(night, outcomes), *(_validation_link(night) if looked_at else [])],
    )
    text = json.dumps(document, indent=2, sort_keys=True).encode()
    artifacts.write(f"{run.run_key}/night.json", text)
    report = artifacts.write(f"{run.run_key}/night.html", render_night(document).encode())
    for sentence in sentences:
        log.info("%s", sentence)
    return RunReport(
        run_key=run.run_key,
        model=run.model,
        as_of=run.as_of,
        outcome=outcome,
        verdict=decision.verdict if isinstance(decision, PromotionDecision) else None,
        sentences=tuple(sentences),
        report=report,
        details=judged.model_dump(mode="json", include=_DETAILS) if judged else {},
    )


_DETAILS = {"metrics", "champion_metrics", "base_rate_metrics", "evidence", "rows", "problems"}


def _step(
    night: Night,
    step: str,
    outcomes: Mapping[str, Contract | None],
    failures: Mapping[str, str],
    seconds: Mapping[str, float],
) -> StepOutcome:
    done = outcomes.get(step)
    if step in failures:
        state, sentence = "failed", failures[step]
    elif done is not None:
        state, sentence = "done", _line(night, done)
    else:
        state, sentence = "not run", ""
    return StepOutcome(step, state, seconds.get(step), sentence)


def _data_problems(night: Night) -> list[dict[str, Any]]:
    stored = night.artifacts.find(f"{night.run.run_key}/validation.json")
    if stored is None:
        return []
    tables = json.loads(night.artifacts.read(stored))["tables"]
    return [
        {**result, "table": table["table"]}
        for table in tables
        for result in table["results"]
        if not result["success"]
    ]


def _leaks(
    night: Night, outcomes: Mapping[str, Contract | None], failures: Mapping[str, str]
) -> list[dict[str, Any]]:
    if "check_leakage" not in failures and "check_leakage" not in outcomes:
        return []
    stored = night.artifacts.find(f"{night.run.run_key}/{LEAKAGE_FILE}")
    if stored is None:
        return []
    findings = json.loads(night.artifacts.read(stored))["findings"]
    table = night.spec.data.examples_table
    return [
        {
            **finding,
            "table": table,
            "check": finding["kind"],
            "column": ", ".join(finding["columns"]),
            "failing_rows": finding["rows"],
        }
        for finding in findings
    ]


def _selection(night: Night, trained: Contract | None) -> dict[str, Any] | None:
    if not isinstance(trained, CandidateRef):
        return None
    stored = night.artifacts.find(selection_key(trained.key))
    return None if stored is None else dict(json.loads(night.artifacts.read(stored)))


def _links(night: Night, outcomes: Mapping[str, Contract | None]) -> list[Link]:
    judged, drift = outcomes.get("evaluate_candidate"), outcomes.get("check_drift")
    links = []
    if isinstance(judged, EvaluationRef):
        links.append(Link("the evaluation of the candidate", _relative(night, judged.report)))
    explained = outcomes.get("explain_candidate")
    if isinstance(explained, ExplanationRef):
        links.append(Link("the candidate's model card", _relative(night, explained.page)))
    if isinstance(drift, DriftRef):
        links.append(Link("the drift of the data", _relative(night, drift.report)))
    candidate = outcomes.get("train_ensemble")
    if isinstance(candidate, CandidateRef) and candidate.refit_of is None:
        page, _ = search_page(night, candidate.search_key)
        links.append(Link("the search", _relative(night, page)))
    return links


def _validation_link(night: Night) -> list[Link]:
    page = night.artifacts.find(f"{night.run.run_key}/validation.html")
    return [Link("what the validation found", _relative(night, page))] if page else []


def _relative(night: Night, report: ArtifactRef) -> str:
    """Say where another report lies, seen from the night's report."""
    folder = posixpath.relpath(posixpath.dirname(report.key), night.run.run_key)
    return f"{folder}/{posixpath.basename(night.artifacts.uri(report))}"


def _line(night: Night, outcome: Contract | None) -> str:
    for kind, words in _LINES.items():
        if isinstance(outcome, kind):
            return str(words(outcome))
    return f"spec {night.run.spec_digest}"


_LINES: dict[type[Contract], Any] = {
    StagedData: lambda o: ", ".join(f"{n}: {t.rows:,} rows" for n, t in o.tables.items()),
    SnapshotRef: lambda o: (
        f"snapshot {o.digest[:12]}"
        + (f", {o.quarantined:,} rows set aside" if o.quarantined else "")
        + (f", {o.warnings} warnings" if o.warnings else "")
    ),
    DriftRef: lambda o: "; ".join((*o.sentences, *o.notes)),
    ChallengeRef: lambda o: (
        o.problem
        or f"version {o.challenger_version} against champion version {o.champion_version}: "
        + (f"{o.evidence.blocks} days, gain {o.evidence.gain}" if o.evidence else "no day yet")
    ),
    RetrainingDecision: lambda o: o.reason,
    ExamplesRef: lambda o: (
        f"{o.training_rows:,} rows to train on, {o.holdout_rows:,} held out, "
        f"{len(o.features)} features"
        + (f", for a refit of version {o.refit_of}" if o.refit_of else "")
    ),
    LeakageRef: lambda o: (
        f"{o.features} features looked at, {len(o.warnings)} warnings, {len(o.accepted)} accepted"
        + "".join(f"; {warning}" for warning in o.warnings)
    ),
    SearchRef: lambda o: (
        f"{o.trials} trials ({o.failed_trials} failed), best {o.best_algorithm} {o.best_loss:.4f}"
        if o.best_loss is not None
        else (f"{o.trials} trials, all failed" if o.trials else "nothing was tried")
    ),
    CandidateRef: lambda o: (
        f"version {o.refit_of} fitted again: {o.chosen}"
        if o.refit_of
        else f"{o.chosen}, out-of-fold loss {o.losses[o.chosen]:.4f}"
    ),
    EvaluationRef: lambda o: (
        f"a refit of version {o.refit_of} holds nothing out, so nothing was measured"
        if o.refit_of
        else ", ".join(f"{name} {value}" for name, value in o.metrics.items())
    ),
    ExplanationRef: in_words,
    PromotionDecision: lambda o: f"{o.verdict}: {o.reason}",
    VersionRef: lambda o: f"version {o.version}",
    ApprovalRef: str,
    ReleaseRef: lambda o: o.reason,
}
"""What a step's result says in the table of steps."""
