"""Failing rows are set aside with their reason, and corrected ones come back, each once."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.contracts import Actor, ArtifactRef, RunRequest, SnapshotRef
from lamplighter.errors import DataError, UsageError
from lamplighter.ledger import ReleaseRequest
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.replay_quarantine import (
    Replay,
    newest_spec,
    quarantined_rows,
    replay_rows,
)
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import take_snapshot, validate_data
from world import World, day

ANN = Actor(name="ann", kind="os_user")
_numbers = itertools.count()


def night(world: World, as_of: Any) -> Night:
    run_id, stores = f"test/quarantine{next(_numbers)}", world.stores
    resolve_spec(world.spec_path, RunRequest(as_of=as_of), run_id=run_id, actor=ANN, stores=stores)
    return open_night(run_id, stores)


def let_in(world: World, as_of: Any) -> SnapshotRef:
    """Do the part of a night that reads and validates."""
    tonight = night(world, as_of)
    return validate_data(tonight, ingest_data(tonight))


def known(world: World, table: str, at: Any) -> pd.DataFrame:
    declared = newest_spec(world.stores, "returns").data.tables[table]
    return world.stores.lake.history("returns", table, declared, known_by=at)


def replay(world: World, **asked: Any) -> Replay:
    stores = world.stores
    return replay_rows(stores, newest_spec(stores, "returns"), actor=ANN, **asked)


@pytest.fixture
def shop(make_world: Callable[..., World]) -> World:
    """A world whose ages must be from 0 to 120, and two of whose visitors are older on day 10."""
    world = make_world(days=20)
    world.document["data"]["validate"] = {
        "between": {"visits": {"age": [0, 120]}},
        "not_null": {"visits": ["city"]},
    }
    on_ten = world.visits.index[world.visits["seen_at"] >= pd.Timestamp(day(10))]
    world.spoiled = [int(n) for n in world.visits["visit_id"][on_ten[:2]]]  # type: ignore[attr-defined]
    world.visits.loc[on_ten[:2], "age"] = 999.0
    world.visits.loc[on_ten[0], "city"] = None
    world.write()
    return world


def corrected(world: World, file: Path, age: float = 50.0) -> Path:
    rows = world.visits[world.visits["visit_id"].isin(world.spoiled)]  # type: ignore[attr-defined]
    rows.drop(columns="returned").assign(age=age, city="Bern").to_csv(file, index=False)
    return file


def test_failing_rows_are_set_aside_with_each_reason_and_the_others_go_in(shop: World) -> None:
    snapshot = let_in(shop, day(11))
    assert snapshot.quarantined == 2
    aside = shop.stores.quarantine.rows("returns", ["visits", "outcomes"])
    assert sorted(zip(aside["check"], aside["column"], strict=True)) == [
        ("between", "age"), ("between", "age"), ("not_null", "city"),
    ]  # fmt: skip
    assert set(aside["reason"]) == {
        "visits.age: expected values from 0 to 120",
        "visits.city: expected a value in every row",
    }
    assert {json.loads(row)["age"] for row in aside["row"]} == {999.0}
    held = known(shop, "visits", day(11))
    read = shop.visits[shop.visits["seen_at"] <= pd.Timestamp(day(11))]
    assert set(held["visit_id"]) == set(read["visit_id"]) - set(shop.spoiled)  # type: ignore[attr-defined]


def test_a_task_that_is_tried_again_sets_nothing_aside_twice(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tonight = night(shop, day(11))
    staged = ingest_data(tonight)
    with monkeypatch.context() as killed:
        killed.setattr(type(tonight.lake), "publish", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            validate_data(tonight, staged)
    lines = len(shop.stores.quarantine.rows("returns", ["visits"]))
    first, second = validate_data(tonight, staged), validate_data(tonight, staged)
    assert (first.digest, first.quarantined) == (second.digest, second.quarantined)
    assert len(shop.stores.quarantine.rows("returns", ["visits"])) == lines == 3


def test_a_night_done_again_says_what_it_found_the_first_time(shop: World) -> None:
    first = let_in(shop, day(11))
    again = let_in(shop, day(11))
    assert (again.quarantined, again.digest) == (2, first.digest)


def test_too_many_failing_rows_stop_the_night_and_set_none_aside(shop: World) -> None:
    shop.document["data"]["validate"]["max_quarantined_fraction"] = 0.001
    shop.write()
    with pytest.raises(DataError, match=r"3 problems(.|\n)*2 of \d+ rows .* at most 0\.1%"):
        let_in(shop, day(11))
    assert shop.stores.quarantine.rows("returns", ["visits"]).empty
    assert shop.stores.lake.ingested_until("returns", "visits") is None


def test_corrected_rows_come_back_known_from_the_replay_on(shop: World, tmp_path: Path) -> None:
    let_in(shop, day(11))
    earlier = known(shop, "visits", day(11))
    snapshot = take_snapshot(night(shop, day(11)))
    done = replay(shop, file=corrected(shop, tmp_path / "good.csv"), as_of=day(11, 6))
    assert (done.let_in, done.still_failing, done.already) == (2, 0, 0)
    pd.testing.assert_frame_equal(known(shop, "visits", day(11)), earlier)
    assert take_snapshot(night(shop, day(11))) == snapshot
    added = known(shop, "visits", day(11, 6)).iloc[len(earlier) :]
    assert set(added["visit_id"]) == set(shop.spoiled)  # type: ignore[attr-defined]
    assert (added["_known_at"] == day(11, 6)).all()
    assert set(added["age"]) == {50.0}
    assert (
        quarantined_rows(shop.stores, newest_spec(shop.stores, "returns"))["replayed_at"]
        .eq(day(11, 6))
        .all()
    )


def test_a_replay_leaves_to_the_next_night_what_it_has_to_read(shop: World, tmp_path: Path) -> None:
    let_in(shop, day(11))
    replay(shop, file=corrected(shop, tmp_path / "good.csv"), as_of=day(11, 6))
    assert shop.stores.lake.ingested_until("returns", "visits") == day(11)
    let_in(shop, day(12))
    held = known(shop, "visits", day(12))
    read = shop.visits[shop.visits["seen_at"] <= pd.Timestamp(day(12))]
    assert sorted(held["visit_id"]) == sorted(read["visit_id"])


def test_the_same_rows_again_are_no_act(shop: World, tmp_path: Path) -> None:
    let_in(shop, day(11))
    file = corrected(shop, tmp_path / "good.csv")
    replay(shop, file=file, as_of=day(11, 6))
    before = known(shop, "visits", day(19))
    again = replay(shop, file=file, as_of=day(11, 9))
    assert (again.let_in, again.already) == (0, 2)
    pd.testing.assert_frame_equal(known(shop, "visits", day(19)), before)


def test_a_replay_that_was_killed_before_it_was_noted_is_finished_once(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_in(shop, day(11))
    file = corrected(shop, tmp_path / "good.csv")
    with monkeypatch.context() as killed:
        killed.setattr(type(shop.stores.quarantine), "bring_back", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            replay(shop, file=file, as_of=day(11, 6))
    before = known(shop, "visits", day(19))
    finished = replay(shop, file=file, as_of=day(11, 9))
    assert (finished.let_in, finished.held) == (0, 2)
    pd.testing.assert_frame_equal(known(shop, "visits", day(19)), before)
    assert replay(shop, file=file).already == 2


def test_rows_that_still_fail_stay_in_quarantine(shop: World, tmp_path: Path) -> None:
    let_in(shop, day(11))
    file = corrected(shop, tmp_path / "bad.csv")
    rows = pd.read_csv(file)
    rows.loc[0, "age"] = 130.0
    rows.to_csv(file, index=False)
    done = replay(shop, file=file, as_of=day(11, 6))
    assert (done.let_in, done.still_failing) == (1, 1)
    assert "visits.age: 1 of 2 rows is outside: 130.0" in done.failing[0]
    open_rows = quarantined_rows(shop.stores, newest_spec(shop.stores, "returns"))
    assert open_rows["replayed_at"].isna().groupby(open_rows["id"]).all().sum() == 1


def test_rows_go_in_as_they_are_once_the_rule_allows_them(shop: World) -> None:
    let_in(shop, day(11))
    aside = quarantined_rows(shop.stores, newest_spec(shop.stores, "returns"))
    (only_old,) = set(aside["id"]) - set(aside["id"][aside["column"] == "city"])
    shop.document["data"]["validate"]["between"]["visits"]["age"] = [0, 1_000]
    shop.write()
    let_in(shop, day(12))
    done = replay(shop, ids=[only_old[:6]])
    assert (done.let_in, done.still_failing) == (1, 0)
    assert done.as_of > day(12)


def test_a_replay_into_a_time_that_a_night_has_read_is_refused(shop: World, tmp_path: Path) -> None:
    let_in(shop, day(11))
    file = corrected(shop, tmp_path / "good.csv")
    with pytest.raises(UsageError, match=r"was read as of 2024-01-12.*choose\s+a later time"):
        replay(shop, file=file, as_of=day(11))


def test_rows_that_were_never_set_aside_do_not_come_in_by_a_replay(
    shop: World, tmp_path: Path
) -> None:
    let_in(shop, day(11))
    rows = shop.visits.head(3).drop(columns="returned")
    rows.to_parquet(tmp_path / "others.parquet", index=False)
    with pytest.raises(
        UsageError, match=r"3 rows are not in the quarantine of visits .*visit_id=0"
    ):
        replay(shop, file=tmp_path / "others.parquet")


def test_late_rows_are_read_with_a_look_back_once_and_known_from_this_night(shop: World) -> None:
    shop.document["data"]["tables"]["visits"]["look_back"] = "2d"
    whole = shop.visits
    missing = whole[whole["seen_at"].between(pd.Timestamp(day(9)), pd.Timestamp(day(9, 6)))]
    shop.visits = whole.drop(missing.index)
    shop.write()
    let_in(shop, day(11))
    before = known(shop, "visits", day(11))
    shop.visits = whole
    shop.write()
    tonight = night(shop, day(12))
    staged = ingest_data(tonight)
    new = whole["seen_at"].between(pd.Timestamp(day(11)), pd.Timestamp(day(12)), inclusive="right")
    assert staged.tables["visits"].rows == int(new.sum()) + len(missing)
    assert validate_data(tonight, staged).warnings == 1
    pd.testing.assert_frame_equal(known(shop, "visits", day(11)), before)
    after = known(shop, "visits", day(12)).set_index("visit_id")
    assert (after.loc[missing["visit_id"], "_known_at"] == day(12)).all()
    assert ingest_data(night(shop, day(13))).tables["visits"].rows < staged.tables["visits"].rows


def test_a_new_column_warns_and_a_lost_one_stops_unless_the_spec_lets_it_pass(
    shop: World,
) -> None:
    let_in(shop, day(11))
    frame = shop.visits.drop(columns=["returned", "noise"]).assign(mood="good")
    frame.to_parquet(shop.folder / "visits.parquet", index=False)
    with pytest.raises(DataError, match=r"column 'noise', which earlier nights have read, is miss"):
        let_in(shop, day(12))
    shop.document["data"]["validate"]["severity"] = {"schema": "warning"}
    shop.write()
    frame.to_parquet(shop.folder / "visits.parquet", index=False)
    assert let_in(shop, day(12)).warnings == 2
    held = known(shop, "visits", day(12))
    newest = held[held["seen_at"] > pd.Timestamp(day(11))]
    assert newest["noise"].isna().all()
    assert "mood" not in held
    assert np.isfinite(held["noise"][held["seen_at"] <= pd.Timestamp(day(11))]).all()


def test_what_columns_usually_hold_is_learned_and_only_warns(shop: World) -> None:
    let_in(shop, day(9))
    shop.visits.loc[shop.visits["seen_at"] > pd.Timestamp(day(9)), "spend"] *= 100
    shop.write()
    snapshot = let_in(shop, day(10))
    assert (snapshot.warnings, snapshot.quarantined) == (0, 0)  # 60 rows are too few to judge by
    snapshot = let_in(shop, day(12))
    assert snapshot.warnings == 1
    (decision,) = shop.stores.ledger.decisions("returns", kind="suite")
    assert decision.as_of == day(9)
    assert snapshot.validation is not None
    document = json.loads(shop.stores.artifacts.read(snapshot.validation))
    results = {r["check"]: r for t in document["tables"] for r in t["results"] if not r["success"]}
    assert set(results) == {"between", "not_null", "learned_range"}
    assert results["learned_range"]["column"] == "spend"


def test_a_suite_is_learned_again_from_the_data_of_each_release(world: World) -> None:
    let_in(world, day(30))
    let_in(world, day(35))
    release(world, "1", as_of=day(35))
    world.visits.loc[world.visits["seen_at"] > pd.Timestamp(day(38)), "spend"] *= 100
    world.write()
    assert let_in(world, day(38)).warnings == 0
    assert let_in(world, day(42)).warnings == 1
    release(world, "2", as_of=day(42))
    let_in(world, day(44))
    suites = world.stores.ledger.decisions("returns", kind="suite")
    assert [(suite.key.rpartition("/")[2], suite.as_of) for suite in suites] == [
        ("release-2", day(42)), ("release-1", day(35)), ("first", day(30)),
    ]  # fmt: skip
    first, second = (
        json.loads(
            world.stores.artifacts.read(ArtifactRef.model_validate(suite.evidence["suite"]))
        )["visits"]["spend"]["high"]
        for suite in reversed(suites[:2])
    )
    assert first < 1_000 < second


def release(world: World, version: str, *, as_of: Any) -> None:
    champion = world.stores.ledger.champion("returns")
    world.stores.ledger.release(
        ReleaseRequest(
            key=f"release/{version}",
            model="returns",
            version=version,
            artifact=ArtifactRef(key="model", digest="d", size_bytes=1),
            predecessor=champion.id if champion else 0,
            as_of=as_of,
            valid_from=as_of,
            actor=ANN,
            reason="better",
        )
    )


def test_a_check_of_ones_own_sets_rows_aside_too(shop: World) -> None:
    expectation = {
        "table": "visits",
        "name": "ExpectColumnValuesToMatchRegex",
        "arguments": {"column": "city", "regex": "^[A-Z]"},
    }
    shop.document["data"]["validate"] = {"expectations": [expectation]}
    shop.visits.loc[shop.visits.index[5], "city"] = "bern"
    shop.write()
    assert let_in(shop, day(11) - timedelta(hours=1)).quarantined == 1
    (reason,) = shop.stores.quarantine.rows("returns", ["visits"])["reason"]
    assert reason == (
        "visits.city: expected ExpectColumnValuesToMatchRegex(column='city', regex='^[A-Z]')"
    )


def test_rows_without_a_key_come_back_by_their_id(shop: World, tmp_path: Path) -> None:
    table = shop.document["data"]["tables"]["visits"] | {"key": ["_row"]}
    shop.document["data"] |= {
        "examples": "visits",
        "target": "visits.returned",
        "tables": {"visits": table},
    }
    shop.write()
    shop.visits.drop(columns="visit_id").to_parquet(shop.folder / "visits.parquet", index=False)
    let_in(shop, day(11))
    spec = newest_spec(shop.stores, "returns")
    aside = quarantined_rows(shop.stores, spec).drop_duplicates("id")
    rows = pd.DataFrame([json.loads(row) for row in aside["row"]]).assign(age=50.0, city="Bern")
    rows.to_csv(tmp_path / "good.csv", index=False)
    with pytest.raises(
        UsageError, match="have no key, so a corrected row must say in a column _id"
    ):
        replay(shop, file=tmp_path / "good.csv", as_of=day(11, 6))
    rows.assign(_id=list(aside["id"])).to_csv(tmp_path / "good.csv", index=False)
    done = replay(shop, file=tmp_path / "good.csv", as_of=day(11, 6))
    assert (done.let_in, done.still_failing) == (2, 0)
    assert set(known(shop, "visits", day(11, 6))["age"].tail(2)) == {50.0}


@pytest.mark.long
def test_a_night_done_over_after_a_replay_comes_to_the_same_model(
    world: World, tmp_path: Path
) -> None:
    world.document["data"]["validate"] = {"between": {"visits": {"age": [-50, 120]}}}
    world.document["search"] |= {"trials": 2}
    world.visits.loc[1_000:1_004, "age"] = 999.0
    world.write()
    world.run(day(50))
    before = world.run(day(50), timeline="simulated:before")
    good = world.visits.loc[1_000:1_004].drop(columns="returned").assign(age=40.0)
    good.to_csv(tmp_path / "good.csv", index=False)
    assert replay(world, file=tmp_path / "good.csv").let_in == 5
    after = world.run(day(50), timeline="simulated:after")
    assert after.details == before.details
    assert after.details
    held = known(world, "visits", day(59))
    assert len(held) == int((world.visits["seen_at"] <= pd.Timestamp(day(50))).sum())
