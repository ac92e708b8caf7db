"""Step train_ensemble: fit tonight's best members and combine them into one candidate."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from lamplighter.contracts import CandidateRef, ExamplesRef
from lamplighter.errors import LamplighterError
from lamplighter.steps.examples_frame import NightExamples, read_examples
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night
from lamplighter.steps.proof.clock_tape import ClockTape
from lamplighter.steps.proof.course import course_of, keep_course
from lamplighter.steps.refit.fit import train_refit
from lamplighter.steps.stored_search import (
    CANDIDATE,
    LedgerTrials,
    open_search,
    search_seed,
    training_set,
)
from lamplighter.steps.tune_model import summary
from lamplighter.training.ensemble import FittedEnsemble, fit_ensemble
from lamplighter.training.fine_tune import Champion, fine_tune
from lamplighter.training.pool import Predictions
from lamplighter.training.predictor import Predictor
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.chosen_algorithms import chosen_algorithms

log = logging.getLogger(__name__)


def train_ensemble(night: Night, examples: ExamplesRef) -> CandidateRef:
    """Fit the ensemble of tonight's best members and store it under this night's key.

    The candidate closes tonight's search in the ledger: a retried or cleared task reads it back,
    and of two runs at once the first one's stands for both, also where a budget in seconds let
    them come to different models. On a night of a refit the members are those of its version.

    Raises
    ------
    TrainingError
        If no member could be fitted.
    """
    if examples.refit_of is not None:
        return train_refit(night, examples)
    store = open_search(night, examples)
    finished = night.ledger.finished_search(store.key)
    if finished is not None:
        log.info("%s: the candidate of %s was trained before", night.run.model, store.key)
        return CandidateRef.model_validate(finished[CANDIDATE])
    candidate = close_search(store, _fit(night, examples, store))
    log.info(
        "trained %s on %d rows, stored at %s",
        night.run.model,
        examples.training_rows,
        night.artifacts.uri(candidate.artifact),
    )
    return candidate


def close_search(store: LedgerTrials, candidate: CandidateRef) -> CandidateRef:
    """Store what a search came to, and return the candidate that stands: the first one stored."""
    result = summary(store).model_dump(mode="json")
    stored = store.ledger.finish_search(
        store.key, {**result, CANDIDATE: candidate.model_dump(mode="json")}
    )
    return CandidateRef.model_validate(stored[CANDIDATE])


def selection_key(candidate_key: str) -> str:
    """Name the file that says which features each fold kept, where the candidate selects."""
    return f"{candidate_key}.selection.json"


def _champion(night: Night, frame: NightExamples) -> Champion | None:
    """Return tonight's champion, if it is one that can go on learning."""
    release = night.champion()
    if release is None:
        return None
    known = night.ledger.version(night.run.model, release.version)
    cutoff = known.details.get("cutoff") if known else None
    if known is None or cutoff is None or what_else_it_predicts(night, release.version):
        night.say(f"champion version {release.version} is not continued: it has no cut-off in time")
        return None
    try:
        scorer = load_version(night.stores, night.run.model, release.version, threads=night.threads)
    except LamplighterError as error:
        night.say(f"champion version {release.version} is not continued: {error}")
        return None
    if not isinstance(scorer, Predictor):
        night.say(f"champion version {release.version} is not continued: it was adopted")
        return None
    newer = frame.training["prediction_time"] >= datetime.fromisoformat(cutoff)
    return Champion(scorer, release.version, newer.to_numpy(dtype=bool))


def fit_candidate(
    night: Night,
    frame: NightExamples,
    trials: Sequence[TrialRecord],
    *,
    predictions: Predictions,
    seconds_left: Callable[[], float] | None,
    clock: Callable[[], float] = time.perf_counter,
) -> FittedEnsemble:
    """Fit the ensemble of a night's trials, or the champion continued, and store nothing.

    Parameters
    ----------
    predictions : callable
        Returns what a trial, by its index, predicted out of fold; None if that was not kept.
    seconds_left : callable or None
        None where the budget is not counted in seconds.
    clock : callable
        Measures how long members take to predict, where the spec limits that.
    """
    spec = night.spec
    data, algorithms = training_set(night, frame), chosen_algorithms(spec.search, spec.task)
    fitted = fit_ensemble(
        data,
        trials,
        predictions=predictions,
        settings=spec.ensemble,
        costs=spec.decision.costs,
        algorithms=algorithms,
        seed=search_seed(night),
        threads=night.threads,
        deadline=seconds_left,
        clock=clock,
        progress=night.say,
    )
    champion = _champion(night, frame) if spec.ensemble.fine_tune else None
    if champion is None:
        return fitted
    return fine_tune(
        fitted,
        champion,
        data,
        algorithms=algorithms,
        seed=search_seed(night),
        threads=night.threads,
        costs=spec.decision.costs,
        settings=spec.ensemble,
        deadline=seconds_left,
        clock=clock,
        progress=night.say,
    )


def _fit(night: Night, examples: ExamplesRef, store: LedgerTrials) -> CandidateRef:
    spec, run, tape = night.spec, night.run, ClockTape()
    key = night.work_key("candidate", store.key)
    started = night.clock()
    share = None if run.budget_s is None else run.budget_s * (1 - spec.search.share)
    fitted = fit_candidate(
        night,
        read_examples(night, examples),
        store.trials(),
        predictions=store.predictions,
        seconds_left=None
        if share is None
        else tape.recording(lambda: started + share - night.clock()),
        clock=tape.recording(time.perf_counter),
    )
    predictor = fitted.predictor
    artifact = night.artifacts.write(f"{key}.predictor", predictor.to_bytes())
    if fitted.selection is not None:
        found = json.dumps(fitted.selection.to_json(), indent=2).encode()
        night.artifacts.write(selection_key(key), found)
    course = course_of(
        fitted, spec, store=night.artifacts, key=key, threads=night.threads, tape=tape
    )
    night.say(f"{fitted.chosen} chosen, out-of-fold {spec.loss} {fitted.losses[fitted.chosen]:.4f}")
    return CandidateRef(
        artifact=artifact,
        key=key,
        examples=examples.artifact,
        search_key=store.key,
        chosen=fitted.chosen,
        losses=fitted.losses,
        weights=fitted.weights,
        cutoff=examples.cutoff,
        calibrated=predictor.calibration.kind if predictor.calibration else "",
        threshold=predictor.rule.threshold if predictor.rule else None,
        continued=predictor.continued,
        course=keep_course(night.artifacts, key, course),
    )
