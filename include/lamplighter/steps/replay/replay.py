"""A whole replay: plan, play, and reckon; one document with all that it found."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lamplighter.contracts import Actor
from lamplighter.spec import ModelSpec
from lamplighter.spec.retrain import PolicyName
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.ahead import Place, Training, trained_ahead
from lamplighter.steps.replay.beginning import Beginning, what_stood
from lamplighter.steps.replay.enact import (
    Model,
    NightPlayed,
    is_played,
    models_of,
    play,
    request_of,
)
from lamplighter.steps.replay.foreseen import nights_that_train
from lamplighter.steps.replay.plan import GateChoice, Play, Span, plan_play, plan_span
from lamplighter.steps.replay.reckon import REFEREE_NIGHTS, Reckoning, reckon
from lamplighter.steps.replay.stores import open_replay
from lamplighter.steps.replay.training import learn_features
from lamplighter.steps.replay.truth import learn_truth
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.usable_cores import usable_cores


def replay(
    spec: ModelSpec,
    lived: Stores,
    *,
    home: str | Path,
    start: datetime,
    end: datetime,
    policies: Sequence[PolicyName],
    gates: Sequence[GateChoice] = ("spec",),
    trials: int | None = None,
    from_nothing: bool = False,
    actor: Actor,
    say: Callable[[str], None] = lambda _: None,
    paths: StorePaths | None = None,
    processes: int | None = None,
) -> dict[str, Any]:
    """Re-enact the nights of a span under each policy and gate, and reckon them up.

    Nothing of `lived` is changed: no alias moves, nobody is told, and what the replay writes lies
    in a folder of its own below `home`. What was trained or played before is not done again.

    Parameters
    ----------
    lived : Stores
        The stores of what really happened.
    trials : int, optional
        Budget of each training. Unless given, that of the night that really ran, whose finished
        search is then taken over; else the spec's.
    from_nothing : bool
        Begin without a champion, as a new model does. Else each timeline begins with what stood on
        live: champion, challenger, and the gate's looks and spendings.
    say : callable, optional
        Told how far it is.
    paths : StorePaths, optional
        Where `lived` lies, so that processes can open it by themselves; without, there is one.
    processes : int, optional
        So many trainings are done side by side, each with one thread; as many as there are usable
        cores unless given. What they come to does not depend on it.

    Returns
    -------
    dict
        Plain JSON values; see docs/replay.md.

    Raises
    ------
    UsageError
        If there is nothing to replay in the range, or the spec lacks what a policy needs.
    DataError
        If the lake holds no data of the model.
    """
    began = time.monotonic()
    stores = open_replay(lived, spec, home=home)
    span = plan_span(spec, stores, start=start, end=end)
    before = span.nights[0] - timedelta(microseconds=1)
    begins_with = Beginning() if from_nothing else what_stood(lived, spec.model, before=before)
    plays = [
        plan_play(
            spec,
            stores,
            policy=policy,
            gate=gate,
            trials=trials,
            first=span.nights[0],
            begins_with=begins_with,
        )
        for policy in dict.fromkeys(policies)
        for gate in dict.fromkeys(gates)
    ]

    learn = cache(lambda: learn_features(spec, stores, end=span.end))
    place = Place(spec.model_dump_json(), paths, str(home), span.end, actor) if paths else None
    processes = processes or usable_cores()
    with trained_ahead(_trainings(plays, span, stores), place, processes=processes) as wait:

        def before_playing(as_of: datetime) -> None:
            learn()
            wait(as_of)

        played = {
            chosen: play(chosen, span, stores, actor=actor, say=say, before_playing=before_playing)
            for chosen in plays
        }
    reckoned = _reckoned(spec, stores, span, played, say=say, threads=processes)
    return _document(spec, span, played, reckoned, trials=trials) | {
        "begins_with": {"from": "nothing" if from_nothing else "live", **begins_with.document()},
        "seconds": round(time.monotonic() - began, 1),
    }


def _trainings(plays: Sequence[Play], span: Span, stores: Stores) -> list[Training]:
    """Return the trainings that are surely needed and not done yet, in the order of the nights."""
    found: dict[datetime, Training] = {}
    for chosen in plays:
        played = {as_of for as_of in span.nights if is_played(chosen, as_of, stores)}
        for as_of in nights_that_train(
            chosen, span.nights, champion_since=chosen.begins_with.trained
        ):
            if as_of not in played and as_of not in found:
                found[as_of] = Training(
                    json.dumps(chosen.spec.document()), request_of(chosen, as_of, stores)
                )
    return [found[as_of] for as_of in sorted(found)]


def _reckoned(
    spec: ModelSpec,
    stores: Stores,
    span: Span,
    played: dict[Play, list[NightPlayed]],
    *,
    say: Callable[[str], None],
    threads: int,
) -> Reckoning:
    truth = learn_truth(spec, stores, span, threads=threads)
    models: dict[str, Model] = {}
    for nights in played.values():
        models |= models_of(nights)
    losses = {}
    for number, (digest, model) in enumerate(models.items(), start=1):
        losses[digest] = truth.losses(model.ref, since=datetime.fromisoformat(model.as_of))
        say(f"the referee has scored {number} of {len(models)} models")
    return reckon(
        {(chosen.policy, chosen.gate, chosen.timeline): n for chosen, n in played.items()},
        losses,
        truth.counts,
        economics=spec.retrain.economics,
    )


def _document(
    spec: ModelSpec,
    span: Span,
    played: dict[Play, list[NightPlayed]],
    reckoned: Reckoning,
    *,
    trials: int | None,
) -> dict[str, Any]:
    economics = spec.retrain.economics
    return {
        "model": spec.model,
        "loss": spec.loss if spec.task != "regression" else "squared_error",
        "timezone": spec.time.timezone if spec.time else "UTC",
        "from": span.nights[0].isoformat(),
        "to": span.end.isoformat(),
        "nights": [night.isoformat() for night in span.nights],
        "trials": trials,
        "economics": economics.model_dump(mode="json") if economics else None,
        "referee_nights": REFEREE_NIGHTS,
        **reckoned.document(),
        "played": {
            chosen.timeline: [asdict(night) for night in nights]
            for chosen, nights in played.items()
        },
    }
