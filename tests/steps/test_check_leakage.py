"""A night with a leak in it is stopped before anything is trained; an honest one is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from lamplighter.contracts import Actor, LeakageRef, RunRequest
from lamplighter.errors import DataError
from lamplighter.steps.check_leakage import check_leakage
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.report_run import report_run
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.select_features import select_features
from lamplighter.steps.validate_data import validate_data
from world import World, day


def checked(world: World, *, run_id: str = "test/leakage") -> tuple[Night, LeakageRef]:
    """Do the first half of a night, up to the check."""
    stores = world.stores
    request, actor = RunRequest(as_of=day(50)), Actor(name="tester", kind="os_user")
    resolve_spec(world.spec_path, request, run_id=run_id, actor=actor, stores=stores)
    night = open_night(run_id, stores, threads=1)
    examples = select_features(night, validate_data(night, ingest_data(night)))
    return night, check_leakage(night, examples)


def with_note(world: World) -> World:
    """Add a column that is written down once the outcome is known."""
    world.visits["note"] = np.where(world.visits["returned"] == 1, "came back", None)
    world.write()
    return world


def declared(world: World, **changes: Any) -> World:
    world.document["data"]["tables"]["visits"] |= changes
    world.write()
    return world


def test_an_honest_night_passes_without_a_warning(make_world: Callable[..., World]) -> None:
    _, found = checked(make_world(signal=1.0))
    assert found.warnings == ()
    assert found.features == 4


def test_a_leak_stops_the_night_before_anything_is_trained(world: World) -> None:
    with_note(world)
    with pytest.raises(DataError, match=r"'note' decides the label.*features\.accept: {note: why}"):
        world.run(day(50))
    stores = world.stores
    assert stores.ledger.champion("returns") is None
    assert stores.ledger.versions("returns") == []
    page = next(iter(world.home.rglob("night-*.html"))).read_text()
    assert "decides the label" in page
    assert "check_leakage" in page


def test_what_is_accepted_by_name_passes_and_is_written_down_with_its_reason(world: World) -> None:
    with_note(world).document["features"] = {"accept": {"note": "written at the door"}}
    world.write()
    world.run(day(50))
    (decision,) = world.stores.ledger.decisions("returns", timeline="live", kind="promotion")
    assert decision.evidence["leakage"]["accepted"] == {"note": "written at the door"}
    stored = json.loads(next(iter(world.home.rglob("leakage-*.json"))).read_text())
    assert stored["findings"] == []
    assert [a["reason"] for a in stored["accepted"]] == ["written at the door"]


def test_an_accepted_name_that_fits_no_feature_is_refused_with_the_nearest(world: World) -> None:
    world.document["features"] = {"accept": {"spent": "why not"}}
    world.write()
    with pytest.raises(DataError, match=r"accept names 'spent'.*nearest name is 'spend'"):
        checked(world)


def test_a_feature_that_is_declared_as_filled_in_later_stops_the_night(world: World) -> None:
    declared(world, filled_in={"spend": "2h"})
    with pytest.raises(DataError, match=r"'spend' is filled in 2h after the event.* of 2,\d+ ex"):
        checked(world)


def test_a_feature_that_is_filled_in_at_a_later_time_stops_the_night(world: World) -> None:
    world.visits["paid_at"] = world.visits["seen_at"] + timedelta(minutes=5)
    world.document["features"] = {"drop": ["paid_at"]}
    declared(world, filled_in={"spend": "paid_at"}, columns={"paid_at": "timestamp"})
    with pytest.raises(DataError, match=r"'spend' is filled in at paid_at"):
        checked(world)


def test_a_column_that_is_filled_in_by_the_time_of_prediction_passes(
    make_world: Callable[..., World],
) -> None:
    world = make_world(signal=1.0)
    world.visits["paid_at"] = world.visits["seen_at"] - timedelta(minutes=5)
    world.document["features"] = {"drop": ["paid_at"]}
    declared(world, filled_in={"spend": "paid_at"}, columns={"paid_at": "timestamp"})
    _, found = checked(world)
    assert found.warnings == ()


def test_a_column_that_live_rows_lack_is_warned_of(world: World) -> None:
    # What is filled in with time: visits of the last day have no stars yet.
    stars = world.visits["returned"] * 0 + np.arange(len(world.visits)) % 5
    world.visits["stars"] = stars.astype(float).where(world.visits["seen_at"] < day(49))
    world.write()
    _, found = checked(world)
    assert any("'stars' is filled in with time" in warning for warning in found.warnings)


def test_warnings_stand_in_the_report_of_the_night(world: World) -> None:
    world.visits["number"] = np.arange(len(world.visits)) + 1_000_000
    world.write()
    night, found = checked(world)
    assert any("identifier" in warning for warning in found.warnings)
    report = report_run(night, {"check_leakage": found}, {})
    assert report.report is not None
    assert "looks like an identifier" in night.artifacts.read(report.report).decode()
