"""A whole night in one process: the steps in their order, without Airflow."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lamplighter.contracts import Actor, Contract, RunReport, RunRequest
from lamplighter.errors import LamplighterError
from lamplighter.steps.answer_approval import settle_overdue
from lamplighter.steps.approve_promotion import approve_promotion
from lamplighter.steps.champion_problem import champion_problem
from lamplighter.steps.check_drift import check_drift
from lamplighter.steps.collect_evidence import collect_evidence
from lamplighter.steps.decide_promotion import decide_promotion
from lamplighter.steps.decide_retraining import decide_retraining
from lamplighter.steps.evaluate_candidate import evaluate_candidate
from lamplighter.steps.explain_candidate import explain_candidate
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, Stores, open_night
from lamplighter.steps.register_model import register_model
from lamplighter.steps.release_model import release_model
from lamplighter.steps.replay.training import examples_of_night, leakage_of_night
from lamplighter.steps.report_run import report_run
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.stopped_night import record_stop
from lamplighter.steps.train_ensemble import train_ensemble
from lamplighter.steps.tune_model import tune_model
from lamplighter.steps.validate_data import validate_data

log = logging.getLogger(__name__)
Result = TypeVar("Result", bound=Contract | None)


class Listener:
    """Hears what a night does: which step begins, and what it says."""

    def began(self, step: str) -> None:
        """Be told that a step begins."""

    def said(self, sentence: str) -> None:
        """Be told a step's progress."""

    def ended(self, step: str, outcome: Contract | None, seconds: float) -> None:
        """Be told what a step came to, and how long it took."""


@dataclass
class _Course:
    """The outcomes of the steps so far, and the failure that ended the night."""

    listener: Listener
    outcomes: dict[str, Contract | None] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def take(self, step: str, work: Callable[[], Result]) -> Result:
        self.listener.began(step)
        began = time.monotonic()
        try:
            done = work()
        except LamplighterError as error:
            self.failures[step] = str(error)
            raise
        except Exception as error:
            self.failures[step] = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.seconds[step] = time.monotonic() - began
        self.outcomes[step] = done
        self.listener.ended(step, done, self.seconds[step])
        return done


def run_night(
    spec_path: str | Path,
    request: RunRequest,
    *,
    run_id: str,
    actor: Actor,
    stores: Stores,
    listener: Listener | None = None,
    threads: int | None = None,
) -> RunReport:
    """Do one night from spec to report and return the report.

    In a replay, what is made for readers and decides nothing is left out: explanations, the report,
    and drift unless the policy asks for it.

    Raises
    ------
    LamplighterError
        What stopped the night; its report is written all the same, once the spec is known.
    """
    listener = listener or Listener()
    course = _Course(listener)
    course.take(
        "resolve_spec",
        lambda: resolve_spec(spec_path, request, run_id=run_id, actor=actor, stores=stores),
    )
    night = open_night(run_id, stores, say=listener.said, threads=threads)
    try:
        _steps(night, course)
    except Exception as error:
        record_stop(night, next(iter(course.failures), "unknown"), error)
        try:
            said = report_run(night, course.outcomes, course.failures, seconds=course.seconds)
            if said.report is not None:
                listener.said(f"report: {stores.artifacts.uri(said.report)}")
        except Exception:
            log.exception("the report of the stopped night could not be written")
        raise
    if stores.replayed:
        return RunReport(
            run_key=night.run.run_key,
            model=night.run.model,
            as_of=night.run.as_of,
            outcome="replayed",
            sentences=(),
        )
    return course.take(
        "report_run",
        lambda: report_run(night, course.outcomes, course.failures, seconds=course.seconds),
    )


def _steps(night: Night, course: _Course) -> None:
    take = course.take
    settle_overdue(night)
    staged = take("ingest_data", lambda: ingest_data(night))
    snapshot = take("validate_data", lambda: validate_data(night, staged))
    drift = None
    if not night.stores.replayed or night.spec.retrain.policy == "on_drift":
        drift = take("check_drift", lambda: check_drift(night, snapshot))
    challenge = take("collect_evidence", lambda: collect_evidence(night, snapshot))
    retraining = take(
        "decide_retraining",
        lambda: decide_retraining(
            night,
            snapshot,
            drift,
            challenger=challenge.challenger_version if challenge else None,
            champion_problem=champion_problem(night),
        ),
    )
    if not retraining.retrain:
        if challenge is not None:
            judged = take(
                "decide_promotion",
                lambda: decide_promotion(night, None, None, challenge=challenge, drift=drift),
            )
            take("approve_promotion", lambda: approve_promotion(night, judged, None))
            take("release_model", lambda: release_model(night, judged, None))
        return
    examples = take(
        "select_features",
        lambda: examples_of_night(night, snapshot, refit_of=retraining.refit_of),
    )
    leakage = take("check_leakage", lambda: leakage_of_night(night, examples))
    take("tune_model", lambda: tune_model(night, examples, workers=1))
    candidate = take("train_ensemble", lambda: train_ensemble(night, examples))
    evaluation = take("evaluate_candidate", lambda: evaluate_candidate(night, examples, candidate))
    explanation = None
    if not night.stores.replayed:
        explanation = take(
            "explain_candidate", lambda: explain_candidate(night, examples, candidate, evaluation)
        )
    decision = take(
        "decide_promotion",
        lambda: decide_promotion(
            night, candidate, evaluation, challenge=challenge, leakage=leakage, drift=drift
        ),
    )
    version = take(
        "register_model",
        lambda: register_model(night, examples, candidate, evaluation, explanation),
    )
    take("approve_promotion", lambda: approve_promotion(night, decision, version))
    take("release_model", lambda: release_model(night, decision, version))
