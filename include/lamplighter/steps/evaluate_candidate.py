"""Step evaluate_candidate: judge the candidate on the hold-out, beside champion and base rate."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd

from lamplighter.contracts import CandidateRef, EvaluationRef, ExamplesRef, Guard
from lamplighter.errors import DataError
from lamplighter.evaluation.check import Check, compact, problems_of
from lamplighter.evaluation.document import evaluation_document
from lamplighter.evaluation.evaluate import Evaluation, evaluate
from lamplighter.evaluation.gate import GateRule
from lamplighter.evaluation.metrics import Metric, cost_metric
from lamplighter.evaluation.report import render
from lamplighter.evaluation.slices import Judged
from lamplighter.ledger import Release
from lamplighter.steps.champion_problem import (
    ChampionProblem,
    broken_if_it_fails,
    load_champion,
)
from lamplighter.steps.check_candidate import Candidate, check_candidate
from lamplighter.steps.examples_frame import BLOCK, NightExamples, read_examples
from lamplighter.steps.label_codes import base_rate, label_codes
from lamplighter.steps.night import Night
from lamplighter.steps.refit.judge import evaluate_refit
from lamplighter.training.predictor import Predictor
from lamplighter.training.scorer import Scorer
from lamplighter.training.threshold import CostRule, fit_cost_rule

log = logging.getLogger(__name__)


def evaluate_candidate(
    night: Night, examples: ExamplesRef, candidate: CandidateRef
) -> EvaluationRef:
    """Score the hold-out with candidate and champion, and store the report.

    Rows on which the two are compared lie after the training cut-off of both. A refit holds nothing
    out, so that it is compared on none yet.

    Raises
    ------
    ArtifactError
        If the candidate's file is not the one that was trained.
    DataError
        If the hold-out has a class that training never saw.
    """
    if candidate.refit_of is not None:
        return evaluate_refit(night, examples, candidate)
    spec = night.spec
    frame = read_examples(night, examples)
    predictor = Predictor.from_bytes(night.artifacts.read(candidate.artifact))
    holdout = frame.holdout
    champion = night.champion()
    rival = _rival(night, champion, predictor, frame)
    y = label_codes(frame.labels(holdout), predictor)
    prediction = predictor.predict(
        frame.features(holdout, predictor.features), threads=night.threads
    )
    blocks = holdout[BLOCK].to_numpy() if spec.time else None
    costs = _costs(spec.decision.costs, predictor, rival.rule)
    found = evaluate(
        y,
        prediction,
        blocks,
        task=spec.task,
        base_rate=base_rate(frame.labels(frame.training), predictor),
        champion_prediction=rival.prediction,
        comparable=rival.comparable,
        rule=GateRule.of(spec.gate, spec.task, spec.evidence),
        costs=costs,
    )
    judged = Judged(y, prediction, blocks, rival.prediction, rival.compared)
    checks = check_candidate(night, Candidate(candidate, predictor, frame, judged, costs))
    found = replace(found, problems=(*found.problems, *problems_of(checks)))
    return _stored(night, examples, candidate, champion, rival, found, checks)


@dataclass(frozen=True)
class _Rival:
    """What the champion says about the hold-out, or why it says nothing."""

    prediction: np.ndarray | None = None
    rule: CostRule | None = None
    comparable: np.ndarray | None = None
    problem: str = ""
    kind: Literal["", "broken_champion", "changed_target"] = ""

    @property
    def compared(self) -> np.ndarray | None:
        """Rows on which it can be compared: after its cut-off, and with a finite prediction."""
        if self.prediction is None or self.comparable is None:
            return None
        finite = np.isfinite(self.prediction.reshape(len(self.prediction), -1)).all(axis=1)
        return np.asarray(self.comparable & finite, dtype=bool)


def _rival(
    night: Night, champion: Release | None, predictor: Predictor, frame: NightExamples
) -> _Rival:
    if champion is None:
        return _Rival()
    try:
        rival = load_champion(night, champion)
        prediction = _prediction(night, champion, rival, predictor, frame)
    except ChampionProblem as problem:
        return _Rival(problem=problem.sentence, kind=problem.kind)
    rule = rival.rule if isinstance(rival, Predictor) else None
    return _Rival(prediction, rule, _comparable(night, champion, frame.holdout))


def _prediction(
    night: Night, champion: Release, rival: Scorer, predictor: Predictor, frame: NightExamples
) -> np.ndarray:
    with broken_if_it_fails(champion, "cannot score the hold-out"):
        if rival.classes != predictor.classes:
            raise DataError(
                f"it knows the classes {list(rival.classes)}, the candidate "
                f"{list(predictor.classes)}"
            )
        rows = frame.features(frame.holdout)
        missing = [name for name in rival.features if name not in rows]
        if missing:
            raise DataError(f"it needs the features {', '.join(missing)}, which are gone")
        return rival.predict(rows[list(rival.features)], threads=night.threads)


def _comparable(night: Night, champion: Release, holdout: pd.DataFrame) -> np.ndarray:
    version = night.ledger.version(night.run.model, champion.version)
    cutoff = version.details.get("cutoff") if version else None
    if night.spec.time is None or cutoff is None:
        return np.ones(len(holdout), dtype=bool)
    after = holdout["prediction_time"] >= datetime.fromisoformat(cutoff)
    return np.asarray(after, dtype=bool)


def _costs(
    costs: Mapping[str, Mapping[str, float]], predictor: Predictor, champion: CostRule | None
) -> dict[str, Metric]:
    """Return what decisions cost, for each by its own rule and by the costs of tonight's spec."""
    if not costs or predictor.rule is None:
        return {}
    believing = fit_cost_rule(costs, predictor.target)
    rules = {
        "candidate": predictor.rule,
        "champion": replace(champion, costs=believing.costs) if champion else believing,
        "base_rate": believing,
    }
    return {who: cost_metric(rule.row_costs) for who, rule in rules.items()}


def _stored(
    night: Night,
    examples: ExamplesRef,
    candidate: CandidateRef,
    champion: Release | None,
    rival: _Rival,
    found: Evaluation,
    checks: Sequence[Check],
) -> EvaluationRef:
    key = night.key("evaluation", candidate.artifact.digest, champion.id if champion else 0)
    document = evaluation_document(
        found,
        run=night.run,
        examples=examples,
        candidate=candidate,
        rule=GateRule.of(night.spec.gate, night.spec.task, night.spec.evidence),
        champion_version=champion.version if champion else None,
        checks=checks,
    )
    if rival.problem:
        document["notes"].append(rival.problem)
    log.info("%s: evaluated on %d rows", night.run.model, found.rows)
    night.say(", ".join(f"{name} {value}" for name, value in found.metrics.items()))
    text = json.dumps(document, indent=2, sort_keys=True).encode()
    return EvaluationRef(
        key=key,
        report=night.artifacts.write(f"{key}.html", render(document).encode()),
        document=night.artifacts.write(f"{key}.json", text),
        snapshot_digest=examples.snapshot_digest,
        rows=found.rows,
        metrics=found.metrics,
        champion_version=champion.version if champion else None,
        champion_release=champion.id if champion else None,
        champion_metrics=found.champion_metrics,
        base_rate_metrics=found.base_rate_metrics,
        evidence=found.evidence,
        champion_problem=rival.problem,
        incomparable=rival.kind,
        guards=tuple(Guard(**asdict(guard)) for guard in found.guards),
        sane=found.sane,
        problems=found.problems,
        checks=compact(checks),
    )
