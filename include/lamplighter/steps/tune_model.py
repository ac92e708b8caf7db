"""Step tune_model: one worker's part of tonight's search."""

from __future__ import annotations

import logging

from lamplighter.contracts import ExamplesRef, SearchRef
from lamplighter.steps.examples_frame import read_examples
from lamplighter.steps.night import Night
from lamplighter.steps.refit.fit import no_search
from lamplighter.steps.stored_search import (
    LedgerTrials,
    open_search,
    search_seed,
    search_threads,
    training_set,
)
from lamplighter.training.trial import most_complete, ranked
from lamplighter.tuning.budget import too_short
from lamplighter.tuning.chosen_algorithms import chosen_algorithms
from lamplighter.tuning.methods import method_of
from lamplighter.tuning.search import run_search

log = logging.getLogger(__name__)


def tune_model(
    night: Night, examples: ExamplesRef, *, worker: int = 0, workers: int | None = None
) -> SearchRef:
    """Pull trials from tonight's stored search until the budget is used up.

    All workers share one search, stored in the ledger under a key of its data, settings and
    budget. A search that is finished is read back, never run again. A refit is not searched for.

    Parameters
    ----------
    worker : int
        Number of this worker, from 0.
    workers : int, optional
        How many work at the same time, and so share this machine's cores; as the spec says
        unless given.

    Raises
    ------
    TrainingError
        If not a single trial could be fitted.
    """
    if examples.refit_of is not None:
        night.say(
            f"nothing is searched: version {examples.refit_of} is fitted as it was configured"
        )
        return no_search(night, examples)
    store = open_search(night, examples, workers=workers)
    if night.ledger.finished_search(store.key) is None:
        spec, run = night.spec, night.run
        run_search(
            training_set(night, read_examples(night, examples)),
            store,
            algorithms=chosen_algorithms(spec.search, spec.task),
            worker=worker,
            budget_s=run.budget_s * spec.search.share if run.budget_s is not None else None,
            seed=search_seed(night),
            threads=search_threads(night, workers),
            clock=night.clock,
            progress=lambda progress: night.say(str(progress)),
            earlier=store.earlier(),
            believed=store.believed,
            method=method_of(spec.search),
            resource=spec.search.halving.on,
        )
        shortage = too_short(store.trials(), budget_s=run.budget_s, limit=run.trials)
        if shortage:
            night.say(shortage)
    found = summary(store)
    log.info("%s: %d trials stored at %s", night.run.model, found.trials, store.key)
    return found


def summary(store: LedgerTrials) -> SearchRef:
    """Say what a search has found so far."""
    trials = store.trials()
    losses = ranked(most_complete(trials))
    best = losses[0][1] if losses else None
    return SearchRef(
        key=store.key,
        trials=len(trials),
        failed_trials=sum(trial.status == "failed" for trial in trials),
        best_loss=best.loss if best else None,
        best_algorithm=best.algorithm if best else None,
        seconds=sum(t.seconds for t in trials),
    )
