"""`lamplighter drift`: the lake's days against others, in a table, a page or a document."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from world import World, day


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world whose visitors are 25 years older from day 40 on, all of it in the lake."""
    world = World(tmp_path_factory.mktemp("ingested"))
    world.visits.loc[world.visits["seen_at"] >= pd.Timestamp(day(40)), "age"] += 25
    world.write()
    stores, actor = world.stores, Actor(name="anna", kind="os_user")
    request = RunRequest(as_of=day(50))
    resolve_spec(world.spec_path, request, run_id="ingest", actor=actor, stores=stores)
    night = open_night("ingest", stores, threads=1)
    validate_data(night, ingest_data(night))
    return world


@pytest.fixture
def stores(ingested: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(ingested.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return ingested


EARLIER = ("--reference-from", "2024-01-01", "--reference-to", "2024-02-01")


def test_two_windows_are_compared_and_the_worst_column_named(
    stores: World, capsys: pytest.CaptureFixture[str]
) -> None:
    page = stores.folder / "drift.html"
    asked = ["drift", str(stores.spec_path), "--as-of", "2024-02-20", *EARLIER]
    assert main([*asked, "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "1 of 4 columns drifted against the reference (2024-01-01 to 2024-01-31), most of all age"
    )
    assert "1 of 4 columns drifted" in page.read_text()


def test_the_document_is_printed_alone(stores: World, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["drift", str(stores.spec_path), "--as-of", "2024-02-20", "--days", "10", "--json"]
    assert main([*asked, *EARLIER]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["window"]["first"], document["window"]["last"]) == ("2024-02-10", "2024-02-19")
    (comparison,) = document["comparisons"]
    assert comparison["drifted"] == ["age"]
    assert (comparison["first"], comparison["last"]) == ("2024-01-01", "2024-01-31")


def test_a_window_beyond_what_was_ingested_is_said(
    stores: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", str(stores.spec_path), "--as-of", "2024-02-23", *EARLIER]) == 0
    assert "The lake knows visits only until 2024-02-20 00:00" in capsys.readouterr().out


def test_without_a_reference_the_days_before_are_compared(
    stores: World, capsys: pytest.CaptureFixture[str]
) -> None:
    # The week of the change against the week before it.
    assert main(["drift", str(stores.spec_path), "--as-of", "2024-02-17"]) == 0
    said = capsys.readouterr().out
    assert "drifted against the window before (2024-02-03 to 2024-02-09), most of all age" in said
    assert "There is no champion yet" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--reference-from", "2024-01-01"], "give both --reference-from and --reference-to"),
        (
            ["--reference-from", "2024-02-01", "--reference-to", "2024-02-18"],
            "the reference ends on 2024-02-17 and the window begins on 2024-02-13",
        ),
        (["--days", "0"], "--days: got 0, expected a whole number above 0"),
        (["--html", "nowhere/at/all.html"], "the folder of nowhere/at/all.html is not there"),
    ],
    ids=["half a reference", "overlap", "no days", "no folder"],
)
def test_what_cannot_be_compared_is_refused(
    stores: World, capsys: pytest.CaptureFixture[str], asked: list[str], said: str
) -> None:
    assert main(["drift", str(stores.spec_path), "--as-of", "2024-02-20", *asked]) == 2
    assert said in capsys.readouterr().err


def test_days_that_the_lake_does_not_hold_are_refused_with_what_to_do(
    stores: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", str(stores.spec_path), "--as-of", "2024-06-01", *EARLIER]) == 1
    assert "holds no example of returns from 2024-05-25 to 2024-05-31" in capsys.readouterr().err
