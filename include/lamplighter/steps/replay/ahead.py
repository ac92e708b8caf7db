"""Trainings that will surely be needed, done ahead and side by side in processes of their own.

Each depends on its own night, not on the nights before it, so their order makes no difference: the
nights are played one after the other, and find the search of each finished.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from lamplighter.contracts import Actor, RunRequest
from lamplighter.spec import ModelSpec
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.stores import open_replay
from lamplighter.steps.replay.training import learn_features, train
from lamplighter.steps.store_paths import StorePaths

log = logging.getLogger(__name__)

Wait = Callable[[datetime], None]
"""Waits until a night's training is done, if it is done ahead."""


@dataclass(frozen=True)
class Place:
    """What a process needs to open the replay's stores by itself.

    Attributes
    ----------
    spec : str
        The model's spec as JSON text.
    lived : StorePaths
        Where the stores of what really happened lie.
    end : datetime
        Where the last night's day ends.
    """

    spec: str
    lived: StorePaths
    home: str
    end: datetime
    actor: Actor


@dataclass(frozen=True)
class Training:
    """A night's training: the spec of the first timeline that needs it, and what that asks for."""

    spec: str
    request: RunRequest


@contextmanager
def trained_ahead(
    trainings: Sequence[Training], place: Place | None, *, processes: int
) -> Iterator[Wait]:
    """Do trainings in processes of their own; yields the function that waits for a night's.

    One that fails is left to the night that needs it, which then fails for the same reason.

    Parameters
    ----------
    trainings : sequence of Training
        In the order in which they are needed.
    place : Place or None
        Where the stores lie; None: nothing is done ahead.
    processes : int
        So many side by side; with one, nothing is done ahead.
    """
    if place is None or processes < 2 or len(trainings) < 2:
        yield lambda _: None
        return
    pool = ProcessPoolExecutor(
        min(processes, len(trainings)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_end_with_parent,
    )
    try:
        under_way = {
            training.request.as_of: pool.submit(_train, training, place) for training in trainings
        }
        yield lambda as_of: _wait(under_way, as_of)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _wait(under_way: dict[datetime, Future[None]], as_of: datetime) -> None:
    if as_of not in under_way:
        return
    try:
        under_way[as_of].result()
    except Exception as error:  # the night itself will say what is wrong
        log.info("the training as of %s was not done ahead: %s", as_of.isoformat(), error)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _train(training: Training, place: Place) -> None:
    spec = ModelSpec.model_validate_json(training.spec)
    train(spec, training.request, _opened(place), place.actor)


@cache
def _opened(place: Place) -> Stores:
    spec = ModelSpec.model_validate_json(place.spec)
    stores = open_replay(Stores.open(place.lived), spec, home=place.home)
    learn_features(spec, stores, end=place.end)
    return stores
