"""Step train_ensemble: fit tonight's best members and combine them into one candidate."""

from __future__ import annotations

import logging

from lamplighter.contracts import CandidateRef, ExamplesRef
from lamplighter.steps.examples_frame import read_examples
from lamplighter.steps.night import Night
from lamplighter.steps.stored_search import SEARCH_SHARE, open_search, training_set
from lamplighter.steps.tune_model import summary
from lamplighter.training.ensemble import fit_ensemble

log = logging.getLogger(__name__)


def train_ensemble(night: Night, examples: ExamplesRef) -> CandidateRef:
    """Fit the ensemble of tonight's best members and store it under this night's key.

    The candidate is stored once: a retried or cleared task reads it back.

    Raises
    ------
    TrainingError
        If no member could be fitted.
    """
    store = open_search(night, examples)
    night.ledger.finish_search(store.key, summary(store).model_dump(mode="json"))
    key = night.key("candidate", store.key)
    stored = night.artifacts.find(f"{key}.json")
    if stored is not None:
        log.info("%s: candidate was trained before, stored at %s", night.run.model, key)
        return CandidateRef.model_validate_json(night.artifacts.read(stored))
    spec, run = night.spec, night.run
    started = night.clock()
    share = None if run.budget_s is None else run.budget_s * (1 - SEARCH_SHARE)
    fitted = fit_ensemble(
        training_set(night, read_examples(night, examples)),
        store.trials(),
        methods=spec.ensemble.methods,
        members_per_algorithm=spec.ensemble.members_per_algorithm,
        seed=spec.search.seed,
        threads=night.threads,
        deadline=None if share is None else lambda: started + share - night.clock(),
        progress=night.say,
    )
    artifact = night.artifacts.write(f"{key}.predictor", fitted.predictor.to_bytes())
    candidate = CandidateRef(
        artifact=artifact,
        key=key,
        examples=examples.artifact,
        search_key=store.key,
        chosen=fitted.chosen,
        losses=fitted.losses,
        weights=fitted.weights,
        cutoff=examples.cutoff,
    )
    night.artifacts.write(f"{key}.json", candidate.model_dump_json().encode())
    night.say(f"{fitted.chosen} chosen, out-of-fold {spec.loss} {fitted.losses[fitted.chosen]:.4f}")
    log.info(
        "trained %s on %d rows, stored at %s",
        run.model,
        examples.training_rows,
        night.artifacts.uri(artifact),
    )
    return candidate
