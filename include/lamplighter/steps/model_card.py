"""The model card of a candidate as plain JSON values; page and Markdown show the same numbers.

A card has these keys; what is not known is null, an empty text or an empty list, and is shown as
"unknown":

- `kind` ("model_card"), `format` (1), `model`, `version` (null: not registered), `run_key`,
  `timeline`, `as_of`, `knowledge_time`
- `purpose`: `task`, `target`, `classes`, `positive`, `intended_use`, `out_of_scope`, `owner`,
  `contact`, `license`
- `data`: `tables`, `examples_table`, `snapshot` and `examples` (digests), `cutoff`, and of
  `training` and `holdout` each `rows`, `first` and `last` day; `features`, `dropped`
- `training`: `chosen`, `members` (as in the evaluation), `search` (`method`, `trials`, `failed`,
  `best_algorithm`, `best_loss`, `key`), `calibrated`, `threshold`, `costs`, `continued`,
  `refit_of` (the version that was fitted again on all rows, or null), `seed`
- `performance`: `loss`, `confidence`, `holdout`, `metrics`, `champion`, `evidence`, `min_gain`,
  `guards`, as in the evaluation
- `checks`: what the evaluation says of slices, fairness and behaviour, as it says it
- `explanation`: see `lamplighter.training.explain`; null where it was not asked for
- `limits`: sentences
- `register`: null, or what the ledger knows of the version: `registered_at`, `releases` (list of
  `valid_from`, `valid_to`, `timeline`, `by`, `reason`) and `defects` (list of `number`, `said`,
  `by`, `at`, `mended`), and `known_at`, when the ledger was asked
- `reproduce`: `command`, `artifact`, `spec` and `libraries`
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lamplighter.contracts import CandidateRef, ExamplesRef
from lamplighter.steps.examples_frame import BLOCK, NightExamples
from lamplighter.steps.libraries import libraries
from lamplighter.steps.night import Night
from lamplighter.steps.stored_search import search_seed
from lamplighter.training.predictor import Predictor
from lamplighter.training.threshold import class_name

FORMAT = 1
CARD = "card"
"""Under which name a version's details hold the reference to its card."""

_PERFORMANCE = (
    "loss", "confidence", "holdout", "metrics", "champion", "evidence", "min_gain", "guards",
)  # fmt: skip
_CHECKS = ("checks",)
_FEW_DAYS = 60


def card_document(
    night: Night,
    examples: ExamplesRef,
    candidate: CandidateRef,
    *,
    frame: NightExamples,
    predictor: Predictor,
    evaluation: Mapping[str, Any],
    explanation: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the card of a candidate; the module says what is in it.

    Parameters
    ----------
    evaluation : mapping
        The document of the candidate's evaluation.
    explanation : mapping or None
        That of its explanation; None where the spec asks for none.
    """
    run = night.run
    return {
        "kind": "model_card",
        "format": FORMAT,
        "model": run.model,
        "version": None,
        "run_key": run.run_key,
        "timeline": run.timeline,
        "as_of": run.as_of.isoformat(),
        "knowledge_time": run.knowledge_time.isoformat(),
        "purpose": _purpose(night, predictor),
        "data": _data(night, examples, frame),
        "training": _training(night, candidate, evaluation),
        "performance": {key: evaluation[key] for key in _PERFORMANCE},
        "checks": [found for key in _CHECKS for found in evaluation.get(key) or []],
        "explanation": dict(explanation) if explanation is not None else None,
        "limits": _limits(night, evaluation, explanation),
        "register": None,
        "reproduce": {
            "command": f"lamplighter reproduce {run.model} VERSION",
            "artifact": candidate.artifact.digest,
            "spec": run.spec_digest,
            "libraries": libraries(),
        },
    }


def _purpose(night: Night, predictor: Predictor) -> dict[str, Any]:
    spec, card = night.spec, night.spec.card
    binary = predictor.task == "binary"
    address = f"{spec.owner.team} <{spec.owner.email}>" if spec.owner.email else spec.owner.team
    return {
        "task": spec.task,
        "target": spec.data.target,
        "classes": [class_name(label) for label in predictor.classes],
        "positive": class_name(predictor.classes[1]) if binary else None,
        "intended_use": card.intended_use,
        "out_of_scope": card.out_of_scope,
        "owner": spec.owner.team,
        "contact": card.contact or address,
        "license": card.license,
    }


def _data(night: Night, examples: ExamplesRef, frame: NightExamples) -> dict[str, Any]:
    return {
        "tables": list(night.spec.data.tables),
        "examples_table": night.spec.data.examples_table,
        "snapshot": examples.snapshot_digest,
        "examples": examples.artifact.digest,
        "cutoff": examples.cutoff.isoformat() if examples.cutoff else None,
        "training": _part(night, frame.training),
        "holdout": _part(night, frame.holdout),
        "features": list(examples.features),
        "dropped": dict(examples.dropped),
    }


def _part(night: Night, rows: pd.DataFrame) -> dict[str, Any]:
    days = rows[BLOCK] if night.spec.time and len(rows) else None
    return {
        "rows": len(rows),
        "first": str(days.min()) if days is not None else None,
        "last": str(days.max()) if days is not None else None,
    }


def _training(
    night: Night, candidate: CandidateRef, evaluation: Mapping[str, Any]
) -> dict[str, Any]:
    search = night.ledger.finished_search(candidate.search_key) or {}
    return {
        "chosen": candidate.chosen,
        "members": [one for one in evaluation["members"] if one["weight"] is not None],
        "search": {
            "key": candidate.search_key,
            "method": night.spec.search.method,
            "trials": search.get("trials"),
            "failed": search.get("failed_trials"),
            "best_algorithm": search.get("best_algorithm"),
            "best_loss": search.get("best_loss"),
        },
        "calibrated": candidate.calibrated,
        "threshold": candidate.threshold,
        "costs": {truth: dict(of) for truth, of in night.spec.decision.costs.items()},
        "continued": candidate.continued,
        "refit_of": candidate.refit_of,
        "seed": search_seed(night),
    }


def _limits(
    night: Night, evaluation: Mapping[str, Any], explanation: Mapping[str, Any] | None
) -> list[str]:
    said = [*night.spec.card.limits, *evaluation["problems"], *evaluation["notes"]]
    holdout = evaluation["holdout"]
    if holdout["unit"] == "day" and 0 < holdout["blocks"] < _FEW_DAYS:
        said.append(
            f"it was measured on {holdout['blocks']} days ({holdout['first']} to "
            f"{holdout['last']}); how good it is at other times of the year is unknown"
        )
    if holdout["unit"] == "row":
        said.append("its data has no time, so how it ages is unknown")
    if explanation is None:
        return [*said, "what it depends on is unknown: the spec asks for no explanation"]
    idle = [one["feature"] for one in explanation["features"] if not one["matters"]]
    if idle:
        said.append(
            f"of {len(explanation['features'])} features, {len(idle)} do not matter to it beyond "
            "what chance explains, each shuffled by itself"
        )
    said.append(
        "importance and contributions say what the model reads, not what causes what it predicts"
    )
    return said
