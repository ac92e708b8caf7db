"""Step explain_candidate: say what the candidate depends on, and write its model card."""

from __future__ import annotations

import json
import logging
from typing import Any

import numpy as np

from lamplighter.contracts import CandidateRef, EvaluationRef, ExamplesRef, ExplanationRef
from lamplighter.evaluation.card import render_card, render_card_text
from lamplighter.steps.examples_frame import BLOCK, NightExamples, read_examples
from lamplighter.steps.model_card import card_document
from lamplighter.steps.night import Night
from lamplighter.training.explain import explanation_document
from lamplighter.training.predictor import Predictor

log = logging.getLogger(__name__)

_NAMED = 5


def explain_candidate(
    night: Night, examples: ExamplesRef, candidate: CandidateRef, evaluation: EvaluationRef
) -> ExplanationRef:
    """Explain the candidate on the hold-out and store its model card: page, Markdown and JSON.

    A refit, which has no hold-out, is explained on the newest rows that it was trained on.

    What that costs is bounded by the spec's section `explain`; with `explain.enabled` off the card
    says that nothing was explained.

    Raises
    ------
    ArtifactError
        If the candidate's file or its evaluation is not the one that was made.
    """
    frame = read_examples(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    began = night.clock()
    asked = night.spec.explain.enabled and not night.stores.replayed  # nobody reads those cards
    explanation = _explanation(night, frame, predictor) if asked else None
    document = card_document(
        night,
        examples,
        candidate,
        frame=frame,
        predictor=predictor,
        evaluation=json.loads(night.artifacts.read(evaluation.document)),
        explanation=explanation,
    )
    key = night.key("card", candidate.artifact.digest, evaluation.document.digest)
    text = json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode()
    log.info(
        "%s: explained on %d rows in %.1f s, %s",
        night.run.model,
        explanation["rows"] if explanation else 0,
        night.clock() - began,
        key,
    )
    found = ExplanationRef(
        key=key,
        page=night.artifacts.write(f"{key}.html", render_card(document).encode()),
        text=night.artifacts.write(f"{key}.md", render_card_text(document).encode()),
        document=night.artifacts.write(f"{key}.json", text),
        rows=explanation["rows"] if explanation else 0,
        features=len(predictor.features),
        important=_important(explanation),
        notes=tuple(explanation["notes"]) if explanation else (),
    )
    night.say(in_words(found))
    return found


def in_words(found: ExplanationRef) -> str:
    """Say what an explanation found, in a sentence without a full stop."""
    if not found.rows:
        return "not explained: explain.enabled is off"
    if not found.important:
        return f"no feature matters more than chance explains, on {found.rows:,} rows"
    return f"on {found.rows:,} rows it depends most on {', '.join(found.important)}"


def _explanation(night: Night, frame: NightExamples, predictor: Predictor) -> dict[str, Any]:
    spec, rows = night.spec, frame.shown
    return explanation_document(
        predictor,
        frame.features(rows, predictor.features),
        _numbers(frame.labels(rows), predictor),
        rows[BLOCK].tolist() if spec.time else None,
        settings=spec.explain,
        seed=spec.search.seed,
        confidence=spec.gate.confidence,
        threads=night.threads,
        clock=night.clock,
    )


def _numbers(labels: np.ndarray, predictor: Predictor) -> np.ndarray:
    if predictor.task == "regression":
        return labels.astype(float)
    # All of them are known: the candidate has been evaluated on these rows.
    numbers = {label: code for code, label in enumerate(predictor.classes)}
    return np.array([numbers[label] for label in labels], dtype=float)


def _important(explanation: dict[str, Any] | None) -> tuple[str, ...]:
    if explanation is None:
        return ()
    named = [one["feature"] for one in explanation["features"] if one["matters"]]
    return tuple(named[:_NAMED])
