"""Nights over features of every kind: trained, judged, scored, explained, watched."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_interval
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def with_every_kind(world: World) -> None:
    rng = np.random.default_rng(1)
    visits = world.visits
    n = len(visits)
    words = np.array("came again and liked the tea not so much price was fair table cold".split())
    world.visits = visits.assign(
        joined=visits["seen_at"] - pd.to_timedelta(rng.integers(1, 900, n), unit="D"),
        note=[" ".join(rng.choice(words, 8)) for _ in range(n)],
        table=rng.choice([f"T{i}" for i in range(80)], n),
        zip=rng.choice([8001, 8002, 8003], n),
        member=rng.choice(["yes", "no"], n),
    )
    world.document["features"] = {
        "types": {"zip": "category", "member": "boolean"},
        "target_means": "auto",
        "augment": {"method": "auto"},
        "select": {"method": "auto"},
    }
    world.write()


@pytest.mark.long
def test_a_night_learns_judges_scores_and_explains_every_kind(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    with_every_kind(world)
    first = world.run(day(50))
    assert first.outcome == "promote"
    second = world.run(day(51))
    assert not any("joined" in sentence or "note" in sentence for sentence in second.sentences)

    resolve_spec(
        world.spec_path, RunRequest(as_of=day(52)), run_id="s", actor=ANNA, stores=world.stores
    )
    night = open_night("s", world.stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    score_interval(night, snapshot, start=day(52) - timedelta(days=1), end=day(52), reasons=3)
    rows = world.stores.predictions.read("returns", start=day(51), end=day(52))
    assert rows["prediction"].between(0, 1).all()
    assert all(len(json.loads(text)["reasons"]) == 3 for text in rows["reasons"])
