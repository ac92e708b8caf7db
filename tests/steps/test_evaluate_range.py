"""Evaluating a range in one process: the same rows as day by day, drawn, and every bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.main import main
from lamplighter.ledger.evaluations import EvaluationPages
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.historic import measure as measuring
from lamplighter.steps.historic.whole_range import evaluate_range
from past_days import contents, evaluate, rows
from world import World, day


def spec_of(world: World) -> ModelSpec:
    return load_spec(world.spec_path)


def told(past: World, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Run `lamplighter evaluate returns --json` and return what it prints."""
    assert main(["evaluate", "returns", "--json", *words]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.fixture
def at_home(past: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The past, where the command line finds it."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(past.home))
    return past


def test_a_range_gives_the_rows_that_its_days_give(
    past: World, expected_once: list[dict[str, Any]]
) -> None:
    evaluate_range(past.stores, spec_of(past), start=day(47), end=day(55))
    assert contents(rows(past)) == expected_once
    assert evaluate(past, 53).written == 0


def test_features_that_read_whole_tables_are_made_day_by_day(
    past: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []
    real = measuring.build_features

    def reads_whole(spec: Any, examples: Any, view: Any) -> Any:
        table = view.rows("visits", at=examples["prediction_time"].min())
        built.append(len(examples))
        return real(spec, examples, view).assign(noise=float(len(table)))

    monkeypatch.setattr(measuring, "build_features", reads_whole)
    evaluate(past, 53)
    single = contents(rows(past))
    evaluate_range(past.stores, spec_of(past), start=day(50), end=day(55))
    assert [row for row in contents(rows(past)) if row["interval_end"] == day(53)] == single
    assert max(built) > 100 > min(built)


class Killed(BaseException):
    """What ends a process, as no `except Exception` sees it."""


def backfill(past: World) -> None:
    for number in range(50, 54):
        evaluate(past, number)


@pytest.mark.parametrize(("commit", "when"), [(1, "before"), (2, "after"), (4, "before")])
def test_a_backfill_killed_around_a_commit_and_resumed_misses_no_day_and_doubles_none(
    past: World,
    commit: int,
    when: str,
    expected_once: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A day has one commit, so a process dies before one of them or after it."""
    real, begun = EvaluationPages.record_evaluations, []

    def record(pages: EvaluationPages, found: Any) -> None:
        begun.append(found)
        if len(begun) == commit and when == "before":
            raise Killed
        real(pages, found)
        if len(begun) == commit:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EvaluationPages, "record_evaluations", record)
        with pytest.raises(Killed):
            backfill(past)
    assert len({e.interval_start for e in rows(past)}) == commit - (when == "before")
    backfill(past)
    days = {day(number) for number in range(50, 54)}
    assert contents(rows(past)) == [r for r in expected_once if r["interval_end"] in days]


def test_the_document_has_a_line_per_version_and_marks_the_change(
    at_home: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    found = told(
        at_home, capsys, "--from", "2024-02-18", "--to", "2024-02-24",
        "--by", "champion", "--by", "version:1", "--html", str(page),
    )  # fmt: skip
    lines = {(line["chosen_by"], line["version"]): line["points"] for line in found["lines"]}
    assert {who: [p["day"] for p in points] for who, points in lines.items()} == {
        ("champion", "1"): [2],
        ("champion", "2"): [3, 4, 5],
        ("version:1", "1"): [0, 1, 2, 3, 4, 5],
    }
    assert lines["champion", "1"] == lines["version:1", "1"][2:3]
    assert found["without"] == ["2024-02-18", "2024-02-19"]
    change = {"at": day(51).isoformat(), "day": 3, "from_version": "1", "to_version": "2"}
    first = {"at": day(50).isoformat(), "day": 2, "from_version": None, "to_version": "1"}
    assert found["changes"] == [first, change]
    best = rows(at_home, 53, chosen_by="champion", hindsight=False)[-1]
    point = lines["champion", "2"][1]
    assert (point["value"], point["labelled_rows"]) == (
        best.metrics["log_loss"]["value"],
        best.labelled_rows,
    )
    html = page.read_text()
    for row in found["summary"]:
        assert f"{row['metrics']['log_loss']:,.4f}" in html
    assert not re.search(r"(src|href)=\"?(https?:)?//|@import|<script", html)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--from", "2024-02-20", "--to", "2024-02-10"], 2, "--to 2024-02-10 is not after --from"),
        (["--from", "2024-02-20", "--to", "2024-02-20"], 2, "is not after --from 2024-02-20"),
        (["--from", "2023-02-20", "--to", "2024-02-20"], 2, "before 2024-01-01.*time.start"),
        (["--from", "2024-02-01", "--to", "2024-02-05"], 1, "had no champion before 2024-02-20"),
        (
            ["--from", "2024-02-21", "--to", "2024-03-05"],
            1,
            "lake knows returns only until",
        ),
        (
            ["--from", "2024-02-21", "--to", "2024-02-23", "--by", "version:9"],
            2,
            "returns has no version '9' in the ledger; it has 1, 2, 3",
        ),
        (["--from", "soon", "--to", "2024-02-20"], 2, "--from: got 'soon', expected a date"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_one_line(
    at_home: World,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["evaluate", "returns", *words]) == code
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    assert re.search(message, line)
    assert rows(at_home) == []


def test_a_deleted_artifact_is_said_in_one_line(
    at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in Path(at_home.paths.artifacts).rglob("candidate-*.predictor"):
        file.unlink()
    assert main(["evaluate", "returns", "--from", "2024-02-21", "--to", "2024-02-23"]) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "it was deleted" in last


def test_a_model_that_nobody_knows_is_refused(
    at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "tides", "--from", "2024-02-21", "--to", "2024-02-23"]) == 2
    assert "knows no model 'tides'; it knows returns" in capsys.readouterr().err
