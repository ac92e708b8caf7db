"""The documents behind the reports: plain JSON values, the same numbers that the pages show.

An evaluation (`evaluation_document`) has these keys:

- `kind` ("evaluation"), `format` (1), `model`, `run_key`, `timeline`, `as_of`, `knowledge_time`,
  `task`, `loss` (what the gate compares), `confidence` (of all intervals), `min_gain`
- `candidate`: `key`, `digest`, `chosen`, `cutoff`, `training_rows`, `features`, `dropped` (feature
  to reason), `calibrated` (how, or empty), `threshold` (from which probability it decides for the
  positive class, 2 for never, or null), `continued` (from which version, or empty), `refit_of`
  (which version was fitted again on all rows, or null: then nothing was held out, and what is
  measured is empty); `champion`: `version`, or null
- `holdout`: `rows`, `compared_rows`, `blocks`, `unit` ("day" or "row"), `first`, `last`
- `ruling`: `verdict` and `reason`, or null where the gate has not spoken
- `metrics`: list of `name`, `greater_is_better`, and `candidate`, `champion`, `base_rate`, each
  `{value, lower, upper}` or null
- `evidence` and `base_rate_evidence`: the fields of `lamplighter.contracts.Evidence`, or null
- `guards`: list of `metric`, `champion`, `candidate`, `worse_by`, `limit`, `kept`
- `problems` and `notes`: lists of sentences
- `checks`: list of `section` (slices, fairness, calibration, cost, size, latency, behaviour), of
  what (`about`), `what` was measured, `rows`, `estimate`
  `{value, lower, upper}` or null, `limit`, `kept` (null: only shown), `sentence`
- `members`: list of `name`, `loss` (out of fold), `weight` (null: not in the chosen ensemble),
  `chosen`; the best first
- `days`: list of `block`, `rows`, `mean_label`, `candidate_loss`, `base_rate_loss`,
  `champion_loss`, `gain`, `roc_auc`; empty where there is no time
- `calibration`: list of `rows`, `predicted`, `observed`, `observed_low`, `observed_high`; `roc`:
  list of `[false positive rate, true positive rate]`; `confusion`: rows of counts

A night (`night_document`) has these:

- `kind` ("night"), `format` (1), `model`, `run_key`, `timeline`, `as_of`, `knowledge_time`,
  `actor` (who asked for the run: a user of Airflow or of the operating system), `dry_run`, `reason`
- `outcome`: a word or two; `verdict`: the gate's, or null; `sentences`: what happened and why
- `steps`: list of `name`, `outcome`, `seconds` (or null), `sentence`, `links`
- `problems`: list of what the data did wrong: `table`, `check`, `column`, `severity` (critical:
  it stopped the night; quarantine: its rows were set aside; warning), `found`, `expected`,
  `failing_rows`, `sample`
- `evaluation`: the `champion`, `metrics`, `evidence`, `holdout`, `confidence`, `min_gain` of the
  evaluation, or null
- `selection`: null, or what the candidate's heaviest member that selects kept: `member`, `method`,
  `folds` (how many were asked), `always` and `never` (names of features), `sometimes` (list of
  `name` and `folds`), `final` (names, of the fit on all training rows)
- `links`: list of `text` and `href`; a relative path or an http address

Times are ISO 8601 with their offset. No key is ever absent; no number is NaN or infinite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lamplighter.contracts import CandidateRef, ExamplesRef, RunRef, Verdict
from lamplighter.evaluation.check import Check
from lamplighter.evaluation.evaluate import Evaluation
from lamplighter.evaluation.gate import GateRule, Ruling
from lamplighter.evaluation.metrics import COST, METRICS, metrics_of

FORMAT = 1
_SHOWN_IN_NIGHT = ("champion", "metrics", "evidence", "holdout", "confidence", "min_gain")
_PROBLEM = (
    "table", "check", "column", "severity", "found", "expected", "failing_rows", "sample",
)  # fmt: skip


@dataclass(frozen=True)
class Link:
    """Where to read more: a relative path or an http address."""

    text: str
    href: str


@dataclass(frozen=True)
class StepOutcome:
    """How one step of a night went. `seconds` is None where it did not run."""

    name: str
    outcome: str
    seconds: float | None = None
    sentence: str = ""
    links: tuple[Link, ...] = ()


def evaluation_document(
    evaluation: Evaluation,
    *,
    run: RunRef,
    examples: ExamplesRef,
    candidate: CandidateRef,
    rule: GateRule,
    champion_version: str | None = None,
    ruling: Ruling | None = None,
    checks: Sequence[Check] = (),
) -> dict[str, Any]:
    """Return an evaluation as plain JSON values; the module says which."""
    document = {
        "kind": "evaluation",
        **_about(run),
        "task": evaluation.task,
        "loss": evaluation.loss,
        "confidence": evaluation.confidence,
        "min_gain": rule.min_gain,
        "candidate": {
            "key": candidate.key,
            "digest": candidate.artifact.digest,
            "chosen": candidate.chosen,
            "cutoff": candidate.cutoff.isoformat() if candidate.cutoff else None,
            "training_rows": examples.training_rows,
            "features": list(examples.features),
            "dropped": dict(examples.dropped),
            "calibrated": candidate.calibrated,
            "threshold": candidate.threshold,
            "continued": candidate.continued,
            "refit_of": candidate.refit_of,
        },
        "champion": {"version": champion_version} if champion_version else None,
        "holdout": _holdout(evaluation),
        "ruling": _of_ruling(ruling) if ruling else None,
        "metrics": _metrics(evaluation),
        "evidence": _dumped(evaluation.evidence),
        "base_rate_evidence": _dumped(evaluation.base_rate_evidence),
        "guards": [{**asdict(guard), "kept": guard.kept} for guard in evaluation.guards],
        "checks": [{**asdict(check), "estimate": _dumped(check.estimate)} for check in checks],
        "problems": list(evaluation.problems),
        "notes": list(evaluation.notes),
        "members": _members(candidate),
        "days": [asdict(day) for day in evaluation.days],
        "calibration": [asdict(part) for part in evaluation.curves.calibration],
        "roc": [list(point) for point in evaluation.curves.roc],
        "confusion": [list(row) for row in evaluation.curves.confusion],
    }
    return {key: _finite(value) for key, value in document.items()}


def night_document(
    run: RunRef,
    *,
    outcome: str,
    sentences: Sequence[str],
    verdict: Verdict | None = None,
    steps: Sequence[StepOutcome] = (),
    problems: Sequence[Mapping[str, Any]] = (),
    evaluation: Mapping[str, Any] | None = None,
    selection: Mapping[str, Any] | None = None,
    links: Sequence[Link] = (),
) -> dict[str, Any]:
    """Return a night as plain JSON values; the module says which.

    Parameters
    ----------
    run : RunRef
        The night.
    outcome : str
        A word or two: "released", "rejected", "stopped by data", ...
    sentences : sequence of str
        What happened and why, the most important first.
    verdict : {"promote", "reject", "inconclusive"} or None
        The gate's, None where it was not asked.
    steps : sequence of StepOutcome
        In the order of the night.
    problems : sequence of mapping
        Failed checks of the data; keys as the module says, others are left out.
    evaluation : mapping or None
        The document of `evaluation_document`, from which the numbers are taken.
    selection : mapping or None
        Which features the folds kept, as the module says; None where nothing was selected.
    links : sequence of Link
        To the evaluation, to MLflow, ...
    """
    document = {
        "kind": "night",
        **_about(run),
        "actor": str(run.actor),
        "dry_run": run.dry_run,
        "reason": run.reason,
        "outcome": outcome,
        "verdict": verdict,
        "sentences": list(sentences),
        "steps": [{**asdict(step), "links": _links(step.links)} for step in steps],
        "problems": [{key: _text(problem.get(key)) for key in _PROBLEM} for problem in problems],
        "evaluation": {key: evaluation[key] for key in _SHOWN_IN_NIGHT} if evaluation else None,
        "selection": dict(selection) if selection else None,
        "links": _links(links),
    }
    return {key: _finite(value) for key, value in document.items()}


def _about(run: RunRef) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model": run.model,
        "run_key": run.run_key,
        "timeline": run.timeline,
        "as_of": run.as_of.isoformat(),
        "knowledge_time": run.knowledge_time.isoformat(),
    }


def _holdout(evaluation: Evaluation) -> dict[str, Any]:
    days = evaluation.days
    return {
        "rows": evaluation.rows,
        "compared_rows": evaluation.compared_rows,
        "blocks": evaluation.blocks,
        "unit": "day" if evaluation.timed else "row",
        "first": days[0].block if days else None,
        "last": days[-1].block if days else None,
    }


def _metrics(evaluation: Evaluation) -> list[dict[str, Any]]:
    measured = {
        "candidate": evaluation.metrics,
        "champion": evaluation.champion_metrics,
        "base_rate": evaluation.base_rate_metrics,
    }
    return [
        {
            "name": name,
            "greater_is_better": name in METRICS and METRICS[name].greater_is_better,
            **{who: _dumped(found.get(name)) for who, found in measured.items()},
        }
        for name in (*metrics_of(evaluation.task), COST)
        if any(name in found for found in measured.values())
    ]


def _members(candidate: CandidateRef) -> list[dict[str, Any]]:
    by_loss = sorted(candidate.losses.items(), key=lambda item: item[1])
    return [
        {
            "name": name,
            "loss": loss,
            "weight": candidate.weights.get(name),
            "chosen": name == candidate.chosen,
        }
        for name, loss in by_loss
    ]


def _of_ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "verdict": ruling.verdict,
        "reason": ruling.reason,
        "distance": _finite(ruling.distance),
        "bound": _finite(ruling.bound),
    }


def _links(links: Sequence[Link]) -> list[dict[str, str]]:
    return [asdict(link) for link in links]


def _text(value: object) -> object:
    """Return a JSON scalar as it is and anything else, such as a sample of values, as text."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _dumped(contract: Any) -> dict[str, Any] | None:
    return None if contract is None else contract.model_dump(mode="json")


def _finite(value: Any) -> Any:
    """Return the same values with NaN and infinity as None, which JSON can carry."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
