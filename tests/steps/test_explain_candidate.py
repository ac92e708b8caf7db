"""Model cards: one for each candidate, the same numbers in three forms, the same bytes again."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, ExplanationRef
from lamplighter.errors import UsageError
from lamplighter.evaluation.card import render_card, render_card_text
from lamplighter.spec.explain import Explain
from lamplighter.steps.card_of_version import card_of_version
from lamplighter.steps.evaluate_candidate import evaluate_candidate
from lamplighter.steps.explain_candidate import explain_candidate, in_words
from lamplighter.steps.model_card import _purpose
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.select_features import select_features
from lamplighter.steps.train_ensemble import train_ensemble
from lamplighter.steps.validate_data import take_snapshot
from lamplighter.training.predictor import Predictor
from world import World

FIRST = "returns__train/scheduled__2024-02-20"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?\d[\d,]*\.?\d*%?")


def explained(night: Night) -> ExplanationRef:
    """Explain the night's candidate again: all before it is found done."""
    examples = select_features(night, take_snapshot(night))
    candidate = train_ensemble(night, examples)
    return explain_candidate(
        night, examples, candidate, evaluate_candidate(night, examples, candidate)
    )


def card(world: World, version: str = "1") -> dict[str, Any]:
    stores = world.stores
    return card_of_version(stores.ledger, stores.artifacts, "returns", version, now=NOW)


def numbers(text: str) -> set[str]:
    return set(_NUMBER.findall(text))


def words_of(page: str) -> str:
    """Return what a reader of a page sees: no styles, no drawings, no tags."""
    seen = re.sub(r"<(style|svg|head)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", seen))


def test_every_version_has_a_card_that_names_what_decides(seasoned: World) -> None:
    for version in seasoned.stores.ledger.versions("returns"):
        found = card(seasoned, version.version)
        assert found["version"] == version.version
        assert found["explanation"]["features"][0]["feature"] == "age"
        assert found["explanation"]["features"][0]["matters"]
        idle = {one["feature"] for one in found["explanation"]["features"] if not one["matters"]}
        assert idle == {"noise", "spend"}
        assert found["reproduce"]["command"] == f"lamplighter reproduce returns {version.version}"


def test_mlflow_keeps_the_card_in_its_three_forms(seasoned: World) -> None:
    from mlflow import MlflowClient

    version = seasoned.stores.ledger.version("returns", "1")
    client = MlflowClient(seasoned.paths.mlflow)
    kept = [file.path for file in client.list_artifacts(version.mlflow_run_id, "reports")]
    assert {"reports/card.html", "reports/card.md", "reports/card.json"} <= set(kept)


def test_the_nights_report_leads_to_the_card(seasoned: World) -> None:
    stores = seasoned.stores
    run = stores.ledger.run(FIRST)
    night = json.loads(stores.artifacts.read(stores.artifacts.find(f"{run.run_key}/night.json")))
    link = next(link for link in night["links"] if link["text"] == "the candidate's model card")
    assert re.search(r"/card-[0-9a-f]{16}-[0-9a-f]{16}\.html$", link["href"])
    step = next(step for step in night["steps"] if step["name"] == "explain_candidate")
    assert step["sentence"].startswith("on 716 rows it depends most on age")


def test_the_same_candidate_gets_the_same_bytes_again(seasoned: World) -> None:
    night = open_night(FIRST, seasoned.stores, threads=1)
    again = explained(night)
    stored = seasoned.stores.ledger.version("returns", "1").details["card"]
    assert again.document.model_dump(mode="json") == stored
    assert len(json.dumps(again.model_dump(mode="json"))) < 10_000
    assert "it depends most on age" in in_words(again)


def test_page_markdown_and_json_hold_the_same_numbers(seasoned: World) -> None:
    found = card(seasoned)
    page, text = numbers(words_of(render_card(found))), numbers(render_card_text(found))
    for one in found["explanation"]["features"]:
        for value in one["increase"].values():
            assert f"{value:.5f}" in page & text
    for metric in found["performance"]["metrics"]:
        for value in metric["candidate"].values():
            assert f"{value:.4f}" in page & text
    for member in found["training"]["members"]:
        assert f"{member['weight']:.3f}" in page & text
    # The page draws the curves, so that only the Markdown writes them out.
    curves = found["explanation"].pop("dependence")
    found["explanation"]["dependence"] = []
    assert numbers(render_card_text(found)) <= page | {"1"}
    for point in (point for curve in curves for point in curve["points"]):
        assert f"{point['mean'][0]:.5f}" in text


def test_a_card_says_what_came_of_the_version_since(seasoned: World) -> None:
    anna = Actor(name="anna", kind="os_user")
    seasoned.stores.ledger.report_defect("returns", "1", "asleep on | Sundays", actor=anna)
    found = card(seasoned)
    assert [one["valid_from"] for one in found["register"]["releases"]] == [
        "2024-02-20T00:00:00+00:00"
    ]
    assert found["register"]["releases"][0]["valid_to"] is not None
    for shown in (words_of(render_card(found)), render_card_text(found)):
        assert "champion from" in shown
        assert "Sundays" in shown
    assert "asleep on \\| Sundays" in render_card_text(found)
    assert "never champion" in render_card_text(card(seasoned, "3"))


def test_whole_numbers_that_came_as_floats_are_named_as_whole_numbers(seasoned: World) -> None:
    night = open_night(FIRST, seasoned.stores, threads=1)
    examples = select_features(night, take_snapshot(night))
    predictor = Predictor.from_bytes(night.artifacts.read(train_ensemble(night, examples).artifact))
    floats = replace(predictor, target=replace(predictor.target, classes=(0.0, 1.0)))
    purpose = _purpose(night, floats)
    assert (purpose["classes"], purpose["positive"]) == (["0", "1"], "1")


def test_without_explanations_the_card_says_that_it_has_none(seasoned: World) -> None:
    night = open_night(FIRST, seasoned.stores, threads=1)
    off = replace(night, spec=night.spec.model_copy(update={"explain": Explain(enabled=False)}))
    found = explained(off)
    assert (found.rows, found.important) == (0, ())
    read = night.artifacts.read
    assert json.loads(read(found.document))["explanation"] is None
    for shown in (read(found.page).decode(), read(found.text).decode()):
        assert "Unknown: the spec asks for no explanation" in shown
    assert in_words(found) == "not explained: explain.enabled is off"


def test_what_the_spec_does_not_know_is_unknown_and_what_it_says_is_shown_as_text(
    seasoned: World,
) -> None:
    found = card(seasoned)
    assert "licence: unknown" in render_card_text(found)
    evil = "<script>alert(1)</script>|**loud**"
    found["purpose"]["intended_use"] = evil
    found["explanation"]["features"][0]["feature"] = evil
    page, text = render_card(found), render_card_text(found)
    assert "<script" not in page
    assert "<script" not in text.replace("\\<", "")
    assert "\\|\\*\\*loud" in text


def test_a_version_without_a_card_is_told_in_words(seasoned: World) -> None:
    with pytest.raises(UsageError, match=r"returns has no version '9'; the ledger knows 1, 2, 3"):
        card(seasoned, "9")


def test_the_command_prints_a_card_or_writes_it_in_the_form_of_its_file(
    seasoned: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(seasoned.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert main(["card", "returns", "1"]) == 0
    assert capsys.readouterr().out.startswith("# returns, version 1: model card")
    assert main(["card", "returns", "1", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    for name in ("card.html", "card.md", "card.json"):
        assert main(["card", "returns", "1", "--out", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out == f"wrote {tmp_path / name}\n"
    written = json.loads((tmp_path / "card.json").read_text())
    assert written["explanation"] == shown["explanation"]
    assert (tmp_path / "card.html").read_text().lstrip().startswith("<!doctype html>")
    assert main(["card", "returns", "1", "--out", str(tmp_path / "card.pdf")]) == 2
    assert "expected one of .html, .md, .json" in capsys.readouterr().err
    assert main(["card", "returns", "7"]) == 2
    assert "returns has no version '7'" in capsys.readouterr().err
