"""Duty notice_late_nights: find the nights that should have begun and did not."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from lamplighter.contracts import Upkeep
from lamplighter.errors import SpecError
from lamplighter.spec import ModelSpec, load_spec, spec_paths
from lamplighter.spec.operations import Owner
from lamplighter.steps.late_nights import NightWatch, watch_nights
from lamplighter.steps.night_messages import Message, message
from lamplighter.steps.upkeep.round import Round

log = logging.getLogger(__name__)


def notice_late_nights(task: Round) -> Upkeep:
    """Report each model whose newest due night never began; without a folder of specs, none."""
    return task.report("notice_late_nights", done=[], found=[str(watch) for watch in late(task)])


def late(task: Round) -> list[NightWatch]:
    """Return the nights that are late."""
    watches = watch_nights(task.stores.ledger, _specs(task), now=task.now)
    return [watch for watch in watches if watch.state == "late"]


def late_messages(task: Round) -> list[tuple[Owner, Message]]:
    """Return what the owner of each late night has to be told."""
    specs = {spec.model: spec for spec in _specs(task)}
    watches = watch_nights(task.stores.ledger, specs.values(), now=task.now)
    return [
        (specs[watch.model].owner, _message(specs[watch.model].owner, watch))
        for watch in watches
        if watch.state == "late"
    ]


def _message(owner: Owner, watch: NightWatch) -> Message:
    return message(
        owner,
        "late_night",
        model=watch.model,
        about=watch.due.end.isoformat() if watch.due else "",
        title="a night never began",
        sentences=(f"{watch}.",),
        as_of=watch.due.end if watch.due else None,
    )


def _specs(task: Round) -> Iterator[ModelSpec]:
    if task.specs is None:
        return
    for path in spec_paths(task.specs):
        try:
            yield load_spec(path)
        except SpecError:
            # Its nights are red, and doctor says why.
            log.warning("%s is not a valid spec, so its nights are not watched", path)
