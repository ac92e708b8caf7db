"""Whoever looks at a refit is told whose it is, and never that something was measured of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mlflow import MlflowClient

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, ArtifactRef, RunRequest
from lamplighter.evaluation.card import render_card, render_card_text
from lamplighter.evaluation.report import render
from lamplighter.steps.card_of_version import card_of_version
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.lineage.of_entity import learners
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_interval
from lamplighter.steps.validate_data import validate_data
from world import World, day


@pytest.fixture
def home(promoted: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(promoted.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    return promoted


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_its_card_says_that_nothing_is_known_yet_and_where_to_look(refitted: World) -> None:
    stores = refitted.stores
    card = card_of_version(stores.ledger, stores.artifacts, "returns", "2", now=day(47))
    assert card["training"]["refit_of"] == "1"
    assert card["data"]["holdout"] == {"rows": 0, "first": None, "last": None}
    assert card["performance"]["metrics"] == []
    for page in (render_card(card), render_card_text(card)):
        assert "it is version 1 fitted again on all rows" in page
        assert "none of them seen in training" not in page
        assert "lamplighter card returns 1" in page
        assert "None to None" not in page


def test_its_evaluation_page_speaks_of_no_hold_out(refitted: World) -> None:
    document = json.loads(
        next(refitted.home.rglob("2024-02-16*/live/evaluation-*.json")).read_text()
    )
    page = render(document)
    assert "A refit of version 1" in page
    assert "On the hold-out" not in page
    assert "loss out of fold, of version 1" in page


def test_the_nights_report_says_it_in_sentences_and_shows_no_numbers_of_a_hold_out(
    refitted: World,
) -> None:
    run_key = refitted.stores.ledger.version("returns", "2").run_key
    night = json.loads(next(refitted.home.rglob(f"{run_key}/night*.json")).read_text())
    said = " ".join(night["sentences"])
    assert "Fitted again: version 1 became champion" in said
    assert "Registered as version 2, a refit of version 1." in said
    assert "takes the challenger's place" in said
    assert night["evaluation"] is None
    steps = {step["name"]: step["sentence"] for step in night["steps"]}
    assert steps["tune_model"] == "nothing was tried"
    assert steps["train_ensemble"].startswith("version 1 fitted again: ")
    assert not [link for link in night["links"] if link["text"] == "the search"]


def test_mlflow_shows_whose_refit_it_is(refitted: World) -> None:
    client = MlflowClient(refitted.paths.mlflow)
    found = client.get_model_version("returns", "2")
    assert found.tags["lamplighter.refit_of"] == "1"
    run = client.get_run(found.run_id)
    assert not [name for name in run.data.metrics if name.startswith(("holdout", "out_of_fold"))]
    assert "lamplighter.refit_of" not in client.get_model_version("returns", "1").tags


def test_the_book_names_whose_refit_it_is_on_the_command_line(
    home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = told(capsys, "history", "returns")["releases"]
    assert (first["refit_of"], second["refit_of"]) == (None, "1")
    assert main(["history", "returns"]) == 0
    assert "refit of" in " ".join(capsys.readouterr().out.split())
    assert main(["champion", "returns"]) == 0
    assert "it is version 1 fitted again on all rows" in capsys.readouterr().out
    assert main(["explain", "returns", "2"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "It is version 1 fitted again on all rows, as that was configured" in said
    assert "since a refit holds nothing out" in said
    assert main(["reproduce", "returns", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("version 2 of returns: identical\n")
    assert "fitted by the members of version 1" in said


def test_an_entity_is_found_in_the_refit_that_its_own_version_had_only_held_out(
    refitted: World,
) -> None:
    visits = refitted.visits
    held_out = visits.loc[visits["seen_at"] > day(40), "visit_id"].iloc[0]
    before, after = learners(refitted.stores, "returns", str(held_out))
    assert (before.learnt, before.training, before.holdout) == (False, 0, 1)
    assert (after.learnt, after.training, after.holdout) == (True, 1, 0)
    stored = [before, after]
    for file in (refitted.home / "lake" / "artifacts").rglob("examples-*.parquet"):
        file.unlink()
    rebuilt = learners(refitted.stores, "returns", str(held_out))
    assert [(one.learnt, one.training, one.holdout) for one in rebuilt] == [
        (one.learnt, one.training, one.holdout) for one in stored
    ]
    assert {(one.way, one.sure) for one in rebuilt} == {("built again from the lake", True)}


def test_a_prediction_of_a_refit_goes_back_to_the_version_that_it_is_a_refit_of(
    home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    stores, end = home.stores, day(59)
    actor = Actor(name="tester", kind="os_user")
    asked = RunRequest(as_of=end)
    resolve_spec(home.spec_path, asked, run_id="scored", actor=actor, stores=stores)
    night = open_night("scored", stores, threads=1)
    snapshot = validate_data(night, ingest_data(night))
    scored = score_interval(night, snapshot, start=day(58), end=end)
    assert scored.versions == ("2",)
    visit = str(home.visits.loc[home.visits["seen_at"] >= day(58), "visit_id"].iloc[0])
    (origin,) = told(capsys, "lineage", "returns", "--key", visit)["predictions"]
    assert (origin["version"], origin["refit_of"], origin["continued"]) == ("2", "1", "")
    assert main(["lineage", "returns", "--key", visit]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert {"refit of 1", "continued none"} <= set(lines)


def test_its_golden_rows_score_as_they_did(refitted: World) -> None:
    from lamplighter.steps.golden_rows import compare_golden
    from lamplighter.steps.load_model import load_model

    stores = refitted.stores
    known = stores.ledger.version("returns", "2")
    assert isinstance(known.artifact, ArtifactRef)
    found = compare_golden(stores, known, load_model(stores, known.artifact))
    assert found.right, found.message
    assert "golden rows as it did" in found.message
