"""A whole replay: plan, play, and reckon; one document with all that it found."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lamplighter.contracts import Actor
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.spec import ModelSpec
from lamplighter.spec.retrain import PolicyName
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.enact import Model, NightPlayed, models_of, play
from lamplighter.steps.replay.plan import GateChoice, Play, Span, plan_play, plan_span
from lamplighter.steps.replay.reckon import REFEREE_NIGHTS, Reckoning, reckon
from lamplighter.steps.replay.stores import open_replay
from lamplighter.steps.replay.truth import learn_truth
from lamplighter.steps.usable_cores import usable_cores

_BEFORE_ALL = datetime(1700, 1, 1, tzinfo=UTC)


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
    actor: Actor,
    say: Callable[[str], None] = lambda _: None,
    threads: int | None = None,
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
    say : callable, optional
        Told how far it is.

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
    threads = threads or usable_cores()
    plays = [
        plan_play(spec, stores, policy=policy, gate=gate, trials=trials, first=span.nights[0])
        for policy in dict.fromkeys(policies)
        for gate in dict.fromkeys(gates)
    ]

    @cache
    def learn_features() -> None:
        _learn_features(spec, stores, span)

    played = {
        chosen: play(
            chosen,
            span,
            stores,
            actor=actor,
            say=say,
            learn_features=learn_features,
            threads=threads,
        )
        for chosen in plays
    }
    reckoned = _reckoned(spec, stores, span, played, say=say, threads=threads)
    return _document(spec, span, played, reckoned, trials=trials) | {
        "seconds": round(time.monotonic() - began, 1)
    }


def _learn_features(spec: ModelSpec, stores: Stores, span: Span) -> None:
    """Build the features of all examples once: they are those that every night would build."""
    examples = interval_examples(spec, stores.lake, start=_BEFORE_ALL, end=span.end)
    stores.build(spec, examples, lambda: feature_view(spec, stores.lake, as_of=span.end))


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
