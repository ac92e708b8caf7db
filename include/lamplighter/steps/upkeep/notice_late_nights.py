"""Duty notice_late_nights: find the nights that should have begun and did not."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from lamplighter.contracts import Upkeep
from lamplighter.errors import SpecError
from lamplighter.spec import ModelSpec, load_spec, spec_paths
from lamplighter.steps.late_nights import NightWatch, watch_nights
from lamplighter.steps.upkeep.round import Round

log = logging.getLogger(__name__)


def notice_late_nights(task: Round) -> Upkeep:
    """Report each model whose newest due night never began; without a folder of specs, none."""
    return task.report("notice_late_nights", done=[], found=[str(watch) for watch in late(task)])


def late(task: Round) -> list[NightWatch]:
    """Return the nights that are late."""
    watches = watch_nights(task.stores.ledger, _specs(task), now=task.now)
    return [watch for watch in watches if watch.state == "late"]


def _specs(task: Round) -> Iterator[ModelSpec]:
    if task.specs is None:
        return
    for path in spec_paths(task.specs):
        try:
            yield load_spec(path)
        except SpecError:
            # Its nights are red, and doctor says why.
            log.warning("%s is not a valid spec, so its nights are not watched", path)
