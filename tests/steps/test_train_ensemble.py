"""The candidate of a night is trained once, whoever else is at it."""

from __future__ import annotations

from lamplighter.contracts import CandidateRef
from lamplighter.steps.night import open_night
from lamplighter.steps.select_features import select_features
from lamplighter.steps.stored_search import open_search
from lamplighter.steps.train_ensemble import close_search, train_ensemble
from lamplighter.steps.validate_data import take_snapshot
from world import World, day


def test_of_two_candidates_of_one_search_the_first_stands_for_both(world: World) -> None:
    world.run(day(50), run_id="first")
    night = open_night("first", world.stores, threads=1)
    examples = select_features(night, take_snapshot(night))
    store = open_search(night, examples)
    stored = night.ledger.finished_search(store.key)
    assert stored is not None
    first = CandidateRef.model_validate(stored["candidate"])

    late = first.model_copy(update={"chosen": "another", "key": "returns/another"})

    assert close_search(store, late) == first
    assert train_ensemble(night, examples) == first
    assert night.ledger.versions("returns")[0].artifact == first.artifact
