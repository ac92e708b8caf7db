"""The fit of a refit: a version's own members on all rows, stored as a candidate."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamplighter.contracts import CandidateRef, ExamplesRef, SearchRef
from lamplighter.ledger.searches import KNOWLEDGE_TIME, REFIT_OF
from lamplighter.steps.examples_frame import NightExamples, read_examples
from lamplighter.steps.night import Night
from lamplighter.steps.proof.clock_tape import ClockTape
from lamplighter.steps.proof.course import course_of, keep_course
from lamplighter.steps.refit.rows import RefitRows
from lamplighter.steps.stored_search import CANDIDATE, THREADS, search_seed, training_set
from lamplighter.training.ensemble import FittedEnsemble
from lamplighter.training.fit_again import fit_again
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.tuning.chosen_algorithms import chosen_algorithms

log = logging.getLogger(__name__)


def train_refit(night: Night, examples: ExamplesRef) -> CandidateRef:
    """Fit a version's configuration on all rows and store the candidate, exactly once.

    No seconds are counted: what was fitted within a budget is fitted again on a few rows more,
    and the budget of the search is saved.

    Raises
    ------
    TrainingError
        If a member cannot be fitted again.
    """
    nothing = no_search(night, examples)
    finished = night.ledger.finished_search(nothing.key)
    if finished is not None:
        log.info("%s: the refit %s was fitted before", night.run.model, nothing.key)
        return _mine(finished, examples)
    candidate = _candidate(night, examples, key=nothing.key)
    result = {**nothing.model_dump(mode="json"), CANDIDATE: candidate.model_dump(mode="json")}
    stored = night.ledger.finish_search(nothing.key, result)
    log.info(
        "fitted version %s of %s again on %d rows, stored at %s",
        examples.refit_of,
        night.run.model,
        examples.training_rows,
        night.artifacts.uri(candidate.artifact),
    )
    return _mine(stored, examples)


def _mine(stored: Mapping[str, Any], examples: ExamplesRef) -> CandidateRef:
    """Read a stored candidate; on another timeline of a replay its version had another number."""
    candidate = CandidateRef.model_validate(stored[CANDIDATE])
    return candidate.model_copy(update={"refit_of": examples.refit_of})


def no_search(night: Night, examples: ExamplesRef) -> SearchRef:
    """Open the place in the ledger where a refit's candidate is stored; it never holds trials."""
    key = night.work_key("refit", examples.artifact.digest, night.spec.search.seed)
    night.ledger.open_search(
        key,
        model=night.run.model,
        as_of=night.run.as_of,
        timeline=night.run.timeline,
        settings={
            REFIT_OF: examples.refit_of,
            "data": examples.artifact.digest,
            THREADS: night.threads,
            KNOWLEDGE_TIME: night.run.knowledge_time.isoformat(),
        },
    )
    return SearchRef(
        key=key, trials=0, failed_trials=0, best_loss=None, best_algorithm=None, seconds=0.0
    )


def fit_refit(night: Night, frame: NightExamples, refit: RefitRows) -> FittedEnsemble:
    """Fit a version again on the rows of a frame, and store nothing."""
    spec, before = night.spec, refit.configuration
    predictor = fit_again(
        refit.model,
        before.members,
        training_set(night, frame),
        algorithms={**ALGORITHMS, **chosen_algorithms(spec.search, spec.task)},
        seed=search_seed(night),
        threads=night.threads,
        progress=night.say,
    )
    return FittedEnsemble(
        predictor,
        before.candidate.chosen,
        dict(before.candidate.losses),
        dict(before.candidate.weights),
        judged_rows=np.empty(0, dtype=np.intp),
        out_of_fold=None,
        trials=before.members,
    )


def _candidate(night: Night, examples: ExamplesRef, *, key: str) -> CandidateRef:
    assert examples.refit_of is not None
    refit = RefitRows.of(night, examples.refit_of)
    fitted = fit_refit(night, read_examples(night, examples), refit)
    place = night.work_key("candidate", key)
    course = course_of(
        fitted,
        night.spec,
        store=night.artifacts,
        key=place,
        threads=night.threads,
        tape=ClockTape(),
    )
    then = refit.configuration.candidate
    return then.model_copy(
        update={
            "artifact": night.artifacts.write(f"{place}.predictor", fitted.predictor.to_bytes()),
            "key": place,
            "examples": examples.artifact,
            "search_key": key,
            "cutoff": examples.cutoff,
            "refit_of": examples.refit_of,
            "course": keep_course(night.artifacts, place, course),
        }
    )
