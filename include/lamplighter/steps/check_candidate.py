"""The gate's checks of a candidate: slices, fairness, calibration, cost, footprint, behaviour."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from lamplighter.contracts import CandidateRef
from lamplighter.evaluation.behaviour import Subject, judge_behaviour
from lamplighter.evaluation.calibration_error import judge_calibration
from lamplighter.evaluation.check import Check
from lamplighter.evaluation.decision_cost import judge_cost
from lamplighter.evaluation.fairness import judge_fairness
from lamplighter.evaluation.footprint import Latency, judge_latency, judge_size
from lamplighter.evaluation.groups import Group, groups_of
from lamplighter.evaluation.metrics import COST, LOSS_OF_TASK, Metric, metric_named
from lamplighter.evaluation.slices import Judged, judge_slices
from lamplighter.spec.checks import Slicing
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Night
from lamplighter.training.predictor import Predictor

_TIMED_ROWS = 1_000
_TIMINGS = 5
_ROUNDS = 3
_LOSS_METRIC = {**LOSS_OF_TASK, "regression": "rmse"}


@dataclass(frozen=True)
class Candidate:
    """A candidate with the rows that judge it."""

    ref: CandidateRef
    predictor: Predictor
    examples: NightExamples
    judged: Judged
    costs: Mapping[str, Metric]


def check_candidate(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    """Make every check that the spec's `gate` asks for; nothing else costs anything.

    Predictions that are not finite are judged by nobody here: sanity has rejected them.
    """
    prediction = candidate.judged.prediction
    if not len(prediction) or not np.isfinite(prediction).all():
        return ()
    checks = (
        *_slices(night, candidate),
        *_fairness(night, candidate),
        *_calibration(night, candidate),
        *_cost(night, candidate),
        *_footprint(night, candidate),
        *_behaviour(night, candidate),
    )
    return _told(night, checks)


def check_refit(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    """Make the checks that ask for no row that the candidate has not seen.

    That is its size, its latency and its behaviour; the others are those that its version passed.
    """
    return _told(night, (*_footprint(night, candidate), *_behaviour(night, candidate)))


def _told(night: Night, checks: tuple[Check, ...]) -> tuple[Check, ...]:
    if checks:
        failed = sum(check.kept is False for check in checks)
        deciding = sum(check.kept is not None for check in checks)
        night.say(f"{deciding} checks of the gate, {failed} failed")
    return checks


def _slices(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    rule, task = night.spec.gate.slices, night.spec.task
    if rule is None:
        return ()
    name = rule.metric or _LOSS_METRIC[task]
    if name == COST:
        metric, champions = candidate.costs["candidate"], candidate.costs["champion"]
    else:
        metric = champions = metric_named(name, task)
    groups = [group for groups in _groups(candidate, rule.by) for group in groups]
    return judge_slices(
        rule,
        groups,
        candidate.judged,
        metric=metric,
        champions=champions,
        confidence=night.spec.gate.confidence,
    )


def _fairness(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    rule = night.spec.gate.fairness
    if rule is None:
        return ()
    judged, decide = candidate.judged, candidate.predictor.rule
    decided = decide.decide(judged.prediction) == 1 if decide else judged.prediction >= 0.5
    return judge_fairness(
        rule,
        list(_groups(candidate, rule.by)),
        judged.y,
        np.asarray(decided, dtype=bool),
        judged.blocks,
        confidence=night.spec.gate.confidence,
    )


def _calibration(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    rule = night.spec.gate.calibration
    if rule is None:
        return ()
    judged, predictor = candidate.judged, candidate.predictor
    quantiles = None
    if rule.max_coverage_error is not None:
        quantiles = predictor.predict_quantiles(_rows(candidate), threads=night.threads)
    return judge_calibration(
        rule,
        night.spec.task,
        judged.y,
        judged.prediction,
        judged.blocks,
        confidence=night.spec.gate.confidence,
        levels=predictor.intervals.levels if predictor.intervals else (),
        quantiles=quantiles,
    )


def _cost(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    rule = night.spec.gate.cost
    if rule is None:
        return ()
    return judge_cost(
        rule,
        candidate.judged,
        metric=candidate.costs["candidate"],
        champions=candidate.costs["champion"],
        confidence=night.spec.gate.confidence,
    )


def _footprint(night: Night, candidate: Candidate) -> Iterator[Check]:
    """Hold the candidate against the gate's limits, and against those that the ensemble was given.

    The ensemble keeps to them where any member can; where none could, nothing may be registered.
    """
    spec = night.spec
    sizes = _limits(gate=spec.gate.max_size_mb, ensemble=spec.ensemble.max_size_mb)
    for section, limit in sizes[:1]:
        size = candidate.ref.artifact.size_bytes / 1e6
        yield judge_size(size, limit, key=f"{section}.max_size_mb")
    latencies = _limits(
        gate=spec.gate.max_latency_ms_per_1k, ensemble=spec.ensemble.max_latency_ms_per_1k
    )
    for section, limit in latencies[:1]:
        found = _latency(night, candidate, limit)
        yield judge_latency(found, limit, key=f"{section}.max_latency_ms_per_1k")


def _limits(**of_section: float | None) -> list[tuple[str, float]]:
    """Return the limits that are set, the tightest first, each with its section."""
    found = [(section, limit) for section, limit in of_section.items() if limit is not None]
    return sorted(found, key=lambda pair: pair[1])


def _behaviour(night: Night, candidate: Candidate) -> tuple[Check, ...]:
    rule, predictor = night.spec.gate.behaviour, candidate.predictor
    if rule is None:
        return ()
    shown = candidate.examples.shown
    key = list(night.spec.data.tables[night.spec.data.examples_table].key)
    names = [
        ", ".join(f"{name} {value}" for name, value in zip(key, row, strict=True))
        for row in shown[key].itertuples(index=False)
    ]
    return judge_behaviour(
        rule,
        Subject(
            predict=lambda rows: predictor.predict(rows, threads=night.threads),
            rows=candidate.examples.features(shown),
            names=names,
            classes=predictor.classes,
        ),
    )


def _groups(candidate: Candidate, by: Mapping[str, Slicing]) -> Iterator[tuple[Group, ...]]:
    examples = candidate.examples
    for column, slicing in by.items():
        training = examples.column(examples.training, column)
        yield groups_of(column, slicing, training, examples.column(examples.holdout, column))


def _rows(candidate: Candidate) -> pd.DataFrame:
    return candidate.examples.features(candidate.examples.shown, candidate.predictor.features)


def _latency(night: Night, candidate: Candidate, limit_ms: float) -> Latency:
    """Time the candidate once: a retried or cleared task finds what was measured before."""
    key = f"{night.key('latency', candidate.ref.artifact.digest)}.json"
    before = night.artifacts.find(key)
    if before is not None:
        return Latency(**json.loads(night.artifacts.read(before)))
    found = _timed(candidate, limit_ms)
    night.artifacts.write(key, json.dumps(asdict(found)).encode())
    return found


def _timed(candidate: Candidate, limit_ms: float) -> Latency:
    """Take the time of several predictions; beyond the limit, of more, a little later."""
    rows = _rows(candidate)
    rows = rows.iloc[np.arange(_TIMED_ROWS) % len(rows)].reset_index(drop=True)
    candidate.predictor.predict(rows)  # what the first call loads is not the model's
    taken: list[float] = []
    for _ in range(_ROUNDS):
        for _ in range(_TIMINGS):
            begun = time.perf_counter()
            candidate.predictor.predict(rows)
            taken.append(1_000 * (time.perf_counter() - begun))
        if min(taken) <= limit_ms:
            break
    return Latency(min(taken), max(taken), len(taken))
