"""Warm start: a night begins from what earlier nights of its own timeline found."""

from __future__ import annotations

from typing import Any

from lamplighter.ledger.records import Search
from lamplighter.training.trial import ranked
from world import World, day


def search_of(world: World, on: int, timeline: str = "live") -> Search:
    (key,) = world.stores.ledger.searches_of("returns", timeline=timeline, as_of=day(on))
    found = world.stores.ledger.search(key)
    assert found is not None
    return found


def points(world: World, key: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (t.algorithm, {name: v for name, v in t.params.items() if name != "rounds"})
        for t in world.stores.ledger.trials(key)
    ]


def test_a_night_begins_from_the_nights_before_and_writes_it_down(seasoned: World) -> None:
    first, second, third = (search_of(seasoned, on) for on in (50, 51, 52))
    assert first.settings["warm_start_from"] == []
    assert second.settings["warm_start_from"] == [first.key]
    assert third.settings["warm_start_from"] == [second.key, first.key]

    trials = seasoned.stores.ledger.trials(first.key)
    best = ranked(trials)[0][1].index  # type: ignore[arg-type]  # a stored trial is as good
    assert points(seasoned, first.key)[best] in points(seasoned, second.key)[:2]


def test_a_simulated_night_and_a_spec_without_warm_start_begin_cold(seasoned: World) -> None:
    seasoned.run(day(52), timeline="simulated:what-if")
    assert search_of(seasoned, 52, "simulated:what-if").settings["warm_start_from"] == []
    seasoned.document["search"]["warm_start"] = False
    seasoned.write()
    seasoned.run(day(53), force_retrain=True)
    assert search_of(seasoned, 53).settings["warm_start_from"] == []


def test_a_night_never_begins_from_a_later_one(seasoned: World) -> None:
    seasoned.run(day(49), timeline="live", dry_run=True)
    assert search_of(seasoned, 49).settings["warm_start_from"] == []


def test_a_night_never_begins_from_one_that_knew_later_labels(seasoned: World) -> None:
    asked = {"timeline": "live", "dry_run": True}
    seasoned.run(day(48), knowledge_time=day(52), **asked)
    seasoned.run(day(49), **asked)
    assert search_of(seasoned, 49).settings["warm_start_from"] == []

    seasoned.run(day(49, hour=1), knowledge_time=day(52), **asked)
    (key,) = seasoned.stores.ledger.searches_of("returns", timeline="live", as_of=day(49, hour=1))
    hindsight = seasoned.stores.ledger.search(key)
    assert hindsight is not None
    assert search_of(seasoned, 48).key in hindsight.settings["warm_start_from"]
