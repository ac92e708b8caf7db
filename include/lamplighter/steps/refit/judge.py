"""What can be said of a refit before any day judges it: that it is whole, small, fast, behaved."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import numpy as np

from lamplighter.contracts import CandidateRef, EvaluationRef, ExamplesRef
from lamplighter.errors import LamplighterError, LedgerError
from lamplighter.evaluation.check import Check, compact, problems_of
from lamplighter.evaluation.document import evaluation_document
from lamplighter.evaluation.evaluate import Evaluation
from lamplighter.evaluation.gate import GateRule
from lamplighter.evaluation.metrics import LOSS_OF_TASK, row_losses
from lamplighter.evaluation.report import render
from lamplighter.evaluation.slices import Judged
from lamplighter.evaluation.wording import figure
from lamplighter.steps.check_candidate import Candidate, check_refit
from lamplighter.steps.examples_frame import BLOCK, NightExamples, read_examples
from lamplighter.steps.label_codes import base_rate, label_codes
from lamplighter.steps.load_version import load_version
from lamplighter.steps.night import Night
from lamplighter.training.predictor import Predictor

log = logging.getLogger(__name__)


def evaluate_refit(night: Night, examples: ExamplesRef, candidate: CandidateRef) -> EvaluationRef:
    """Check a refit as far as that can be done without rows that it has not seen.

    Its predictions are finite, it fits the rows that it was trained on better than a constant, and
    it keeps the limits of size, latency and behaviour. None of that is evidence of how good it
    is, and so there are no metrics.

    Raises
    ------
    ArtifactError
        If its file is not the one that was fitted.
    """
    spec, champion = night.spec, night.champion()
    if champion is None:
        raise LedgerError(f"{spec.model} has no champion any more that could be fitted again")
    frame = read_examples(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    rows = frame.shown
    y = label_codes(frame.labels(rows), predictor, where="the refit's examples")
    prediction = predictor.predict(frame.features(rows, predictor.features), threads=night.threads)
    broken = int((~np.isfinite(prediction.reshape(len(rows), -1)).all(axis=1)).sum())
    loss = LOSS_OF_TASK[spec.task]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    if broken:
        problems = (f"{broken} of {len(rows):,} predictions are not finite numbers",)
    else:
        judged = Judged(y, prediction, rows[BLOCK].to_numpy())
        checks = check_refit(night, Candidate(candidate, predictor, frame, judged, {}))
        constant = base_rate(frame.labels(frame.training), predictor)
        base = np.broadcast_to(np.asarray(constant, dtype=float), prediction.shape)
        losses = [float(row_losses(spec.task, y, one).mean()) for one in (prediction, base)]
        if not losses[0] < losses[1]:
            problems = (f"it does not even fit what it was trained on: {_told(loss, *losses)}",)
        notes = (
            f"it is version {candidate.refit_of} fitted again as it was configured, on all "
            f"{len(frame.training):,} rows whose labels were known, so that none is held out: how "
            "good it is, only days to come can say",
            f"on the newest {len(rows):,} rows, which it was trained on, "
            f"{_told(loss, *losses)}: no evidence of how good it is",
            *_moved(night, candidate, frame, prediction),
        )
    found = Evaluation(
        task=spec.task,
        loss=loss,
        rows=0,
        blocks=0,
        timed=True,
        confidence=spec.gate.confidence,
        problems=(*problems, *problems_of(checks)),
        notes=notes,
    )
    document = evaluation_document(
        found,
        run=night.run,
        examples=examples,
        candidate=candidate,
        rule=GateRule.of(spec.gate, spec.task, spec.evidence),
        champion_version=champion.version,
        checks=checks,
    )
    key = night.key("evaluation", candidate.artifact.digest, champion.id)
    text = json.dumps(document, indent=2, sort_keys=True).encode()
    log.info("%s: the refit was checked on %d rows that it has seen", spec.model, len(rows))
    night.say(found.problems[0] if found.problems else found.notes[0])
    return EvaluationRef(
        key=key,
        report=night.artifacts.write(f"{key}.html", render(document).encode()),
        document=night.artifacts.write(f"{key}.json", text),
        snapshot_digest=examples.snapshot_digest,
        rows=0,
        metrics={},
        champion_version=champion.version,
        champion_release=champion.id,
        champion_metrics={},
        base_rate_metrics={},
        evidence=None,
        sane=found.sane,
        problems=found.problems,
        checks=compact(checks),
        refit_of=candidate.refit_of,
    )


def _told(loss: str, own: float, constant: float) -> str:
    return f"its {loss} is {figure(own)}, that of a constant {figure(constant)}"


def _moved(
    night: Night, candidate: CandidateRef, frame: NightExamples, prediction: np.ndarray
) -> Iterator[str]:
    """Say how far its predictions lie from those of the version that it is a refit of."""
    assert candidate.refit_of is not None
    try:
        before = load_version(
            night.stores, night.run.model, candidate.refit_of, threads=night.threads
        )
        rows = frame.features(frame.shown, tuple(before.features))
        said = before.predict(rows, threads=night.threads)
    except LamplighterError as error:
        yield f"how it differs from version {candidate.refit_of} is unknown: {error}"
        return
    gap = float(np.abs(prediction - said).mean())
    yield (
        f"what it predicts of these rows is {figure(gap)} away from what version "
        f"{candidate.refit_of} predicts, on average"
    )
