"""Trainings that really happened: read back from the live ledger instead of done again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lamplighter.contracts import CandidateRef, RunRef
from lamplighter.errors import ArtifactError
from lamplighter.spec import ModelSpec
from lamplighter.steps.night import Night, Stores, training_digest
from lamplighter.steps.replay.registering import copied

log = logging.getLogger(__name__)

_ITS_RECORD = ("warm_start_from", "warm_start_believed", "workers", "threads")
"""Settings that say how a search came to what it found; it is taken over as it was."""

_RUNS = 100_000


def really_ran(lived: Stores, model: str) -> dict[str, RunRef]:
    """Return the live nights of a model by their `as_of`; of repeated ones the first."""
    runs = reversed(lived.ledger.runs(model, live=True, limit=_RUNS))
    found: dict[str, RunRef] = {}
    for stored in runs:
        found.setdefault(stored.run.as_of.isoformat(), stored.run)
    return found


def take_over(night: Night, key: str, settings: Mapping[str, Any], *, candidate: str) -> None:
    """Close a search of a replay with what the live search over the same data came to.

    It must have searched as of the same time, over the same examples, with the same budget, and
    under a spec that trains alike. That it started warm, or by how many workers and threads it
    ran, is its record.
    """
    lived, run = night.stores.lived, night.run
    if lived is None or night.ledger.finished_search(key) is not None:
        return
    for live_key in lived.ledger.searches_of(run.model, timeline="live", as_of=run.as_of):
        search, result = lived.ledger.search(live_key), lived.ledger.finished_search(live_key)
        if search is None or result is None or not _alike(search.settings, settings):
            continue
        if not _trained_alike(night, lived):
            continue
        ref = CandidateRef.model_validate(result[candidate])
        try:
            copied(night.stores, lived, ref.artifact)
        except ArtifactError as error:
            log.info("the candidate of %s is gone, so it is trained again: %s", live_key, error)
            continue
        stored = {**result, "key": key}
        stored[candidate] = ref.model_copy(update={"search_key": key}).model_dump(mode="json")
        night.ledger.finish_search(key, stored)
        night.say("this night's training really happened; its result is taken over")
        return


def _alike(lived: Mapping[str, Any], replayed: Mapping[str, Any]) -> bool:
    names = {*lived, *replayed} - set(_ITS_RECORD)
    return all(lived.get(name) == replayed.get(name) for name in names)


def _trained_alike(night: Night, lived: Stores) -> bool:
    ran = really_ran(lived, night.run.model).get(night.run.as_of.isoformat())
    if ran is None:
        return False
    then = ModelSpec.model_validate(lived.ledger.spec(ran.spec_digest))
    return training_digest(then) == training_digest(night.spec)
