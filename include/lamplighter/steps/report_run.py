"""Step report_run: what was decided tonight and why, in sentences."""

from __future__ import annotations

import json
import logging
import posixpath
from collections.abc import Iterator, Mapping
from datetime import timedelta
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
    Verdict,
    VersionRef,
)
from lamplighter.evaluation.document import Link, StepOutcome, night_document
from lamplighter.evaluation.report import render_night
from lamplighter.spec.operations import Step
from lamplighter.steps.champion_warnings import champion_warnings
from lamplighter.steps.check_leakage import FILE as LEAKAGE_FILE
from lamplighter.steps.explain_candidate import in_words
from lamplighter.steps.night import Night
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
    outcome = _outcome(outcomes, known)
    sentences = _sentences(night, outcome, outcomes, known)
    evaluation = outcomes.get("evaluate_candidate")
    judged = evaluation if isinstance(evaluation, EvaluationRef) else None
    decision = outcomes.get("decide_promotion")
    looked_at = "validate_data" in known or "validate_data" in outcomes
    document = night_document(
        run,
        outcome=_OUTCOME_WORDS[outcome],
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


_STOPPED_BY_DATA = (
    "ingest_data",
    "validate_data",
    "check_drift",
    "select_features",
    "check_leakage",
)


def _outcome(outcomes: Mapping[str, Contract | None], failures: Mapping[str, str]) -> str:
    if failures:
        return "stopped" if all(step in _STOPPED_BY_DATA for step in failures) else "failed"
    approval = outcomes.get("approve_promotion")
    if isinstance(approval, ApprovalRef) and approval.waits:
        return "waits"
    decision = outcomes.get("decide_promotion")
    if isinstance(decision, PromotionDecision):
        return decision.verdict
    retraining = outcomes.get("decide_retraining")
    skipped = isinstance(retraining, RetrainingDecision) and not retraining.retrain
    return "no_training" if skipped else "unfinished"


def _sentences(
    night: Night,
    outcome: str,
    outcomes: Mapping[str, Contract | None],
    failures: Mapping[str, str],
) -> list[str]:
    run = night.run
    headline = _headline(night, outcome, outcomes)
    said = [f"{run.model} as of {run.as_of:%Y-%m-%d %H:%M %Z}: {headline}."]
    for step, message in failures.items():
        said.append(f"{step} failed: {message or 'see the log of the task'}.")
    snapshot = outcomes.get("validate_data")
    if isinstance(snapshot, SnapshotRef) and snapshot.quarantined:
        said.append(
            f"{snapshot.quarantined:,} rows were set aside, each with its reason: "
            f"`lamplighter quarantine list {run.model}` lists them."
        )
    retraining = outcomes.get("decide_retraining")
    if isinstance(retraining, RetrainingDecision) and not failures:
        verb = "Trained" if retraining.retrain else "Did not train"
        verb = "Fitted again" if retraining.refit_of else verb
        said.append(f"{verb}: {retraining.reason}.")
    decision = outcomes.get("decide_promotion")
    if isinstance(decision, PromotionDecision):
        said.append(_of_decision(decision))
    drift = outcomes.get("check_drift")
    if isinstance(drift, DriftRef):
        said += [f"{sentence[:1].upper()}{sentence[1:]}." for sentence in _of_drift(drift)]
    release, version = outcomes.get("release_model"), outcomes.get("register_model")
    if isinstance(version, VersionRef):
        refit_of = retraining.refit_of if isinstance(retraining, RetrainingDecision) else None
        whose = f", a refit of version {refit_of}" if refit_of else ""
        said.append(f"Registered as version {version.version}{whose}.")
    said += [*_of_leaving(night, outcomes), *_of_place(night, decision, version, release)]
    said += _of_release(run.model, outcomes)
    said.append(_who_is_champion(night, release))
    return [*said, *champion_warnings(night)]


def _headline(night: Night, outcome: str, outcomes: Mapping[str, Contract | None]) -> str:
    """Say in a line what the night came to, and no more than is known."""
    decision, release = outcomes.get("decide_promotion"), outcomes.get("release_model")
    if outcome not in get_args(Verdict) or not isinstance(decision, PromotionDecision):
        return _HEADLINES[outcome]
    if outcome != "promote":
        if isinstance(release, ReleaseRef) and release.released:
            return "a new model was released, because gate.mode is off"
        by_challenger = outcome == "reject" and decision.challenger_version is not None
        return "the challenger was rejected" if by_challenger else _HEADLINES[outcome]
    evaluation = outcomes.get("evaluate_candidate")
    if decision.champion_version is None:
        return "a first model was found"
    if (
        decision.challenger_version is None
        and isinstance(evaluation, EvaluationRef)
        and evaluation.incomparable
    ):
        return "a model was found to replace a champion that is no measure"
    if night.spec.gate.test == "non_inferiority":
        return "a newer model was found that is not worse by the margin"
    return _HEADLINES["promote"]


def _of_decision(decision: PromotionDecision) -> str:
    who = decision.challenger_version
    judged = f" of the challenger, version {who}" if who else ""
    return f"The gate says {decision.verdict}{judged}: {decision.reason}."


def _of_leaving(night: Night, outcomes: Mapping[str, Contract | None]) -> Iterator[str]:
    """Say who left the challenger's place, by this night or by a person who answered it."""
    run, approval = night.run, outcomes.get("approve_promotion")
    until = run.as_of + (approval.took if isinstance(approval, ApprovalRef) else timedelta(0))
    for act in night.ledger.challenges(run.model, timeline=run.timeline):
        if act.act == "leave" and run.as_of <= act.as_of <= until and not run.dry_run:
            yield f"Version {act.version} leaves the challenger's place: {act.reason}."


def _of_place(
    night: Night, decision: Contract | None, version: Contract | None, release: Contract | None
) -> Iterator[str]:
    """Say who collects evidence from now on; a place is kept by whose release was refused."""
    if not isinstance(decision, PromotionDecision) or not isinstance(release, ReleaseRef):
        return
    refused = decision.release and not release.released
    if not decision.enters or not isinstance(version, VersionRef) or refused:
        return
    acts = night.ledger.challenges(night.run.model, timeline=night.run.timeline)
    if any((act.act, act.version) == ("enter", version.version) for act in acts):
        yield "It takes the challenger's place and collects evidence, night after night."
    else:
        yield "It does not take the challenger's place, which another has or had as of then."


def _of_release(model: str, outcomes: Mapping[str, Contract | None]) -> Iterator[str]:
    """Say why what was judged better is not released, and what a person had to say to it."""
    release, approval = outcomes.get("release_model"), outcomes.get("approve_promotion")
    if isinstance(release, ReleaseRef) and not release.released and release.version:
        yield f"{release.reason[:1].upper()}{release.reason[1:]}."
    if not isinstance(approval, ApprovalRef) or approval.key is None:
        return
    if approval.waits:
        yield (
            f"`lamplighter approve {model} --reason ...` releases it; with --reject it does not. "
            f"Without an answer it is {approval.without_answer}."
        )
    else:
        yield f"Version {approval.version} had to be approved, because {approval.why}: {approval}."


def _of_drift(drift: DriftRef) -> tuple[str, ...]:
    """Say what drifted against the champion's training data, and what could not be said."""
    return (*drift.sentences[:1], *drift.notes)


_OUTCOME_WORDS = {
    "promote": "promoted",
    "waits": "waits for approval",
    "reject": "rejected",
    "inconclusive": "inconclusive",
    "no_training": "no training",
    "stopped": "stopped by data",
    "failed": "failed",
    "unfinished": "unfinished",
}
_HEADLINES = {
    "promote": "a better model was found",
    "waits": "a new model waits for a person's approval",
    "reject": "tonight's model was rejected",
    "inconclusive": "nothing changed, the evidence is not enough either way",
    "no_training": "no training was needed",
    "stopped": "the night was stopped by its data and the champion is untouched",
    "failed": "the night failed",
    "unfinished": "the night did not come to a decision",
}


def _who_is_champion(night: Night, release: Contract | None) -> str:
    if isinstance(release, ReleaseRef) and release.released and release.valid_from:
        return (
            f"Version {release.version} is champion from {release.valid_from:%Y-%m-%d %H:%M %Z} on."
        )
    champion = night.champion()
    if champion is None:
        return "Nobody was champion when the night began."
    return f"Version {champion.version} stays champion, since {champion.valid_from:%Y-%m-%d}."


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
