"""The report of tonight's search: written once, read by the night's report and by MLflow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import fields

from lamplighter.contracts import ArtifactRef
from lamplighter.registry.trials import LoggedSearch, LoggedTrial
from lamplighter.steps.night import Night
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.search_report import render_search, search_document, trial_table

_FIELDS = tuple(field.name for field in fields(TrialRecord))


def search_page(night: Night, key: str) -> tuple[ArtifactRef, ArtifactRef]:
    """Write page and document of a search, or find those of an earlier try.

    They are made when the search is over; what a slow worker adds later is not in them.
    """
    page, document = f"{key}/search.html", f"{key}/search.json"
    found = night.artifacts.find(page), night.artifacts.find(document)
    if found[0] is not None and found[1] is not None:
        return found[0], found[1]
    content = search_document(
        stored_trials(night, key),
        key=key,
        model=night.run.model,
        as_of=night.run.as_of,
        method=night.spec.search.method,
        loss=night.spec.loss,
    )
    text = json.dumps(content, indent=2, sort_keys=True, allow_nan=False).encode()
    stored = night.artifacts.write(document, text)
    return night.artifacts.write(page, render_search(content).encode()), stored


def logged_search(night: Night, key: str) -> LoggedSearch:
    """Return a search as MLflow shall show it."""
    trials = stored_trials(night, key)
    return LoggedSearch(trials=[_logged(trial) for trial in trials], table=trial_table(trials))


def stored_trials(night: Night, key: str) -> Sequence[TrialRecord]:
    """Return the trials of a search as the ledger has them, in the order of their indices."""
    return [
        TrialRecord(**{name: getattr(trial, name) for name in _FIELDS})
        for trial in night.ledger.trials(key)
    ]


def _logged(trial: TrialRecord) -> LoggedTrial:
    metrics = {"seconds": trial.seconds, "fidelity": trial.fidelity}
    if trial.loss is not None and math.isfinite(trial.loss):
        metrics["out_of_fold_loss"] = trial.loss
    metrics |= {f"loss_fold_{number}": loss for number, loss in enumerate(trial.folds)}
    params = {"algorithm": trial.algorithm, **trial.params}
    if trial.error:
        params["error"] = trial.error
    return LoggedTrial(
        index=trial.index,
        name=f"trial {trial.index} {trial.algorithm}",
        status=trial.status,
        params=params,
        metrics=metrics,
    )
