"""Duty forget_trials: delete the trials of old searches from the ledger."""

from __future__ import annotations

from lamplighter.contracts import Upkeep
from lamplighter.steps.upkeep.round import Round


def forget_trials(task: Round) -> Upkeep:
    """Delete the trials of searches older than the limit, but for those that made a champion.

    What a finished search came to stays, so that a cleared night reads its candidate back.
    """
    ledger = task.stores.ledger
    with ledger.alone("forget trials"):
        kept = champions_searches(task)
        old = ledger.searches_with_trials(recorded_before=task.before(days=task.keep.trials_days))
        forgotten = [key for key in old if key not in kept]
        trials = 0 if task.dry_run else sum(ledger.forget_trials(key) for key in forgotten)
    if not forgotten:
        return task.report("forget_trials", done=[])
    counted = "" if task.dry_run else f", {trials} trials"
    return task.report(
        "forget_trials", done=[f"forgot the trials of {len(forgotten)} searches{counted}"]
    )


def champions_searches(task: Round) -> set[str]:
    """Return the searches of the nights whose versions were ever champion."""
    ledger = task.stores.ledger
    kept: set[str] = set()
    for model in ledger.models():
        champions = {release.artifact.digest for release in ledger.releases_anywhere(model)}
        for version in ledger.versions(model):
            if version.artifact.digest in champions:
                kept.update(
                    ledger.searches_of(model, timeline=version.timeline, as_of=version.as_of)
                )
    return kept
