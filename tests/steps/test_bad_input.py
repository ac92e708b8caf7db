"""Bad input: one clear message, the champion untouched, nothing half written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import (
    DataError,
    LamplighterError,
    RegistryUnavailableError,
    SourceUnavailableError,
    SpecError,
    UsageError,
)
from world import World, day

Break = Callable[[World], Any]


def missing_column(world: World) -> None:
    frame = pd.read_parquet(world.folder / "visits.parquet").drop(columns="age")
    frame.to_parquet(world.folder / "visits.parquet", index=False)


def renamed_column(world: World) -> None:
    frame = pd.read_parquet(world.folder / "visits.parquet").rename(columns={"spend": "spent"})
    frame.to_parquet(world.folder / "visits.parquet", index=False)


def retyped_column(world: World) -> None:
    frame = pd.read_parquet(world.folder / "visits.parquet")
    frame["age"] = frame["age"].map(lambda age: f"{age} years")
    frame.to_parquet(world.folder / "visits.parquet", index=False)


def empty_day(world: World) -> None:
    gone = world.visits["seen_at"].dt.floor("D") == pd.Timestamp(day(50))
    world.visits = world.visits[~gone]
    world.write()


def duplicate_keys(world: World) -> None:
    newest = world.visits[world.visits["seen_at"] >= pd.Timestamp(day(50, 12))]
    world.visits = pd.concat([world.visits, newest.head(3).assign(age=99.0)])
    world.write()


def null_target(world: World) -> None:
    frame = pd.read_csv(world.folder / "outcomes.csv")
    frame["returned"] = frame["returned"].astype(object)
    frame.loc[frame["known_at"].str.startswith("2024-02-20"), "returned"] = ""
    frame.to_csv(world.folder / "outcomes.csv", index=False)


def not_a_csv(world: World) -> None:
    (world.folder / "outcomes.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 50)


def no_file(world: World) -> None:
    (world.folder / "visits.parquet").unlink()


BROKEN: list[tuple[Break, type[LamplighterError], str]] = [
    (missing_column, DataError, r"age"),
    (renamed_column, DataError, r"spend.*spent|spent.*spend"),
    (retyped_column, DataError, r"age.*(string|text)"),
    (empty_day, DataError, r"2024-02-20"),
    (duplicate_keys, DataError, r"visit_id"),
    (null_target, DataError, r"returned"),
    (not_a_csv, DataError, r"outcomes\.csv"),
    (no_file, SourceUnavailableError, r"visits\.parquet"),
]


@pytest.mark.parametrize(("harm", "kind", "said"), BROKEN, ids=lambda v: getattr(v, "__name__", ""))
def test_broken_data_stops_the_night_and_nothing_else(
    world: World, harm: Break, kind: type[LamplighterError], said: str
) -> None:
    world.run(day(50))
    before = state(world)
    harm(world)
    with pytest.raises(kind) as stopped:
        world.run(day(51))
    message = str(stopped.value)
    assert re.search(said, message), message
    assert "Traceback" not in message
    assert len(message.splitlines()) <= 4
    assert state(world) == before


def test_repaired_data_lets_the_same_night_through(world: World) -> None:
    world.run(day(50))
    whole = world.visits
    empty_day(world)
    with pytest.raises(DataError):
        world.run(day(51), run_id="airflow/broken")
    world.visits = whole
    world.write()
    assert world.run(day(51), run_id="airflow/broken").outcome == "inconclusive"


@pytest.fixture
def spoiled(make_world: Callable[..., World]) -> Callable[..., World]:
    """Make a world that predicts numbers, some of which are none."""

    def make(value: float, *, rows: int, **validation: Any) -> World:
        world = make_world()
        world.document["task"] = "regression"
        world.document["data"]["tables"]["outcomes"]["columns"] = {"returned": "float"}
        world.document["data"]["validate"] = validation
        world.visits["returned"] = world.visits["returned"].astype(float)
        world.visits.loc[100 : 99 + rows, "returned"] = value
        world.write()
        return world

    return make


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_many_targets_that_are_no_number_stop_a_regression(
    spoiled: Callable[..., World], value: float
) -> None:
    world = spoiled(value, rows=200)
    with pytest.raises(DataError) as stopped:
        world.run(day(50))
    first, target, share = str(stopped.value).splitlines()
    assert first == "the data has 2 problems:"
    assert re.match(
        r"  outcomes\.returned: 200 of [\d,]+ rows are (outside: -?inf|without)", target
    )
    assert "200 of " in share
    assert "would have to be set aside, expected at most 5.0%" in share
    assert world.stores.lake.ingested_until("returns", "outcomes") is None
    assert world.stores.quarantine.rows("returns", ["outcomes"]).empty


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_few_targets_that_are_no_number_are_set_aside(
    spoiled: Callable[..., World], value: float
) -> None:
    world = spoiled(value, rows=5)
    assert world.run(day(50)).outcome == "promote"
    aside = world.stores.quarantine.rows("returns", ["outcomes"])
    assert set(aside["column"]) == {"returned"}
    assert len(set(aside["id"])) == 5


def test_a_strict_spec_stops_at_the_first_target_that_is_no_number(
    spoiled: Callable[..., World],
) -> None:
    world = spoiled(np.nan, rows=1, severity={"target": "critical"})
    with pytest.raises(DataError, match=r"outcomes\.returned: 1 of"):
        world.run(day(50))
    assert world.stores.lake.ingested_until("returns", "outcomes") is None


def test_a_single_class_is_said_with_its_count(world: World) -> None:
    world.visits["returned"] = 1
    world.write()
    with pytest.raises(DataError, match=r"all [\d,]+ training examples of returns have the label"):
        world.run(day(50))


def test_a_target_of_too_many_classes_is_refused_before_anything_is_trained(world: World) -> None:
    world.document["task"] = "multiclass"
    world.visits["returned"] = np.arange(len(world.visits)) % 300
    world.write()
    with pytest.raises(DataError, match=r"has 300 values in [\d,]+ training.*at most 250 classes"):
        world.run(day(50))


def test_an_as_of_before_the_data_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match=r"not after 2024-01-01.*choose a later as_of"):
        world.run(day(0))


def test_an_as_of_too_early_to_hold_anything_out_is_refused(world: World) -> None:
    with pytest.raises(DataError, match=r"hold|matured|later as_of"):
        world.run(day(3))


def test_an_as_of_in_the_future_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="lies in the future"):
        world.run(day(365 * 100))


def test_a_typo_in_the_spec_names_its_line(world: World) -> None:
    world.spec_path.write_text(world.spec_path.read_text().replace("split:", "splt:"))
    with pytest.raises(SpecError, match=r"line \d+ +splt: unknown key; did you mean 'split'"):
        world.run(day(50))


def test_a_budget_above_the_limit_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match=r"budget_s 9999 is above search.max_budget_s 3600"):
        world.run(day(50), budget_s=9999)


def test_mlflow_down_fails_before_anything_is_released(world: World) -> None:
    world.paths = replace(world.paths, mlflow="http://127.0.0.1:9")
    with pytest.raises(RegistryUnavailableError, match=r"127\.0\.0\.1:9"):
        world.run(day(50))
    assert world.stores.ledger.champion("returns") is None


def test_the_night_goes_on_where_it_was_once_mlflow_is_back(world: World) -> None:
    answering = world.paths
    world.paths = replace(world.paths, mlflow="http://127.0.0.1:9")
    with pytest.raises(RegistryUnavailableError):
        world.run(day(50), run_id="airflow/one")
    world.paths = answering
    assert world.run(day(50), run_id="airflow/one").outcome == "promote"
    assert [v.version for v in world.stores.registry.versions("returns")] == ["1"]


def test_an_unreachable_database_says_so_without_its_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DB", "postgresql+psycopg://me:hunter2@127.0.0.1:9/shop")
    source = {"sql": "SHOP_DB", "table": "visits"}
    world.document["data"]["tables"]["visits"]["source"] = source
    world.write()
    with pytest.raises((SourceUnavailableError, DataError)) as stopped:
        world.run(day(50))
    assert "hunter2" not in str(stopped.value)
    assert "127.0.0.1:9/shop does not answer" in str(stopped.value)


def test_the_reason_for_a_stop_stands_in_the_report(world: World) -> None:
    world.run(day(50))
    duplicate_keys(world)
    with pytest.raises(DataError):
        world.run(day(51))
    reports = sorted(world.home.rglob("night-*.html"), key=lambda p: p.stat().st_mtime)
    text = reports[-1].read_text()
    assert "validate_data" in text
    assert "visit_id" in text


def state(world: World) -> dict[str, object]:
    stores = world.stores
    return {
        "champion": stores.ledger.champion("returns"),
        "alias": stores.registry.alias("returns", "champion"),
        "versions": [v.version for v in stores.registry.versions("returns")],
        "ingested": {t: stores.lake.ingested_until("returns", t) for t in ("visits", "outcomes")},
        "tables": sorted(
            (str(p.relative_to(world.home)), p.stat().st_size)
            for p in (world.home / "lake" / "tables").rglob("*")
            if p.is_file()
        ),
    }
