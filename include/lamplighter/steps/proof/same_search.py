"""The search that a version came from: as it is stored, or run again where that can be the same."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.ledger import Ledger
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Night
from lamplighter.steps.stored_search import (
    BELIEVED,
    THREADS,
    WARM_START_FROM,
    WORKERS,
    LedgerTrials,
    search_seed,
    training_set,
)
from lamplighter.training.pool import Predictions
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.chosen_algorithms import chosen_algorithms
from lamplighter.tuning.fit_model import MemoryTrials
from lamplighter.tuning.methods import method_of
from lamplighter.tuning.search import run_search


@dataclass(frozen=True)
class SameSearch:
    """Trials and what they predicted, and in words where they come from."""

    trials: list[TrialRecord]
    predictions: Predictions
    origin: str


def same_search(night: Night, frame: NightExamples, key: str) -> SameSearch | str:
    """Return the search with this key, or say why there is none any more.

    Parameters
    ----------
    frame : NightExamples
        The examples, for a search that has to be run again.
    """
    ledger = night.ledger
    search = ledger.search(key)
    if search is None:
        return f"the ledger holds no search {key}"
    settings = search.settings
    store = _stored(night, key, tuple(settings.get(WARM_START_FROM) or ()))
    trials = store.trials()
    if trials and all(store.predictions(t.index) is not None for t in trials if t.status == "ok"):
        return SameSearch(trials, store.predictions, f"its stored search of {len(trials)} trials")
    why_not = _why_not_again(night, ledger, store, int(settings.get(WORKERS, 1)))
    if why_not:
        return f"the trials of its search were deleted, and {why_not}"
    again = MemoryTrials(night.run.trials)
    spec = night.spec
    run_search(
        training_set(night, frame),
        again,
        algorithms=chosen_algorithms(spec.search, spec.task),
        worker=0,
        budget_s=None,
        seed=search_seed(night),
        threads=int(settings.get(THREADS, night.threads)),
        clock=night.clock,
        progress=lambda progress: night.say(str(progress)),
        earlier=store.earlier(),
        believed=float(settings.get(BELIEVED, 1.0)),
        method=method_of(spec.search),
        resource=spec.search.halving.on,
    )
    found = again.trials()
    return SameSearch(found, again.predictions, f"its search of {len(found)} trials, run again")


def _why_not_again(night: Night, ledger: Ledger, store: LedgerTrials, workers: int) -> str:
    """Say why a search cannot be run again so that it must come to the same; empty: it can."""
    run = night.run
    if run.budget_s is not None or run.trials is None:
        return "it was counted in seconds, so that running it again may come to other trials"
    if workers > 1:
        return (
            f"{workers} workers shared it, so that which trial knew of which others is not known "
            "any more"
        )
    if any(not ledger.trials(key) for key in store.warm_start_from):
        return "so were those of a search that it began from"
    return ""


def _stored(night: Night, key: str, warm_start_from: tuple[str, ...]) -> LedgerTrials:
    return LedgerTrials(
        night.ledger, night.artifacts, key, night.run.trials, warm_start_from=warm_start_from
    )
