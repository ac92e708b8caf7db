"""The candidate of a night is trained once, whoever else is at it."""

from __future__ import annotations

import json
from collections.abc import Callable

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


def test_the_report_of_a_night_that_selects_says_which_features_the_folds_kept(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    world.document["features"] = {
        **world.document.get("features", {}), "select": {"method": "univariate"}
    }  # fmt: skip
    world.write()
    report = world.run(day(50), run_id="first")
    night = open_night("first", world.stores, threads=1)
    stored = night.artifacts.find(f"{night.run.run_key}/night.json")
    assert stored is not None
    found = json.loads(night.artifacts.read(stored))["selection"]
    named = {*found["always"], *found["never"], *(one["name"] for one in found["sometimes"])}
    assert named == set(select_features(night, take_snapshot(night)).features)
    assert 0 < len(found["final"]) < len(named)
    assert b"Features that were kept" in night.artifacts.read(report.report)


def test_a_candidate_that_no_member_makes_small_enough_is_refused_and_not_registered(
    world: World,
) -> None:
    world.document["ensemble"] = {"max_size_mb": 0.0001}
    world.write()
    world.run(day(50), gate_mode="off")
    assert world.stores.ledger.versions("returns") == []
    (decision,) = world.stores.ledger.decisions("returns", kind="promotion")
    assert decision.verdict == "reject"
    assert "at most 0.0001 are allowed (ensemble.max_size_mb)" in decision.reason
