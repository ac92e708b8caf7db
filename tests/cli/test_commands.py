"""The command line: one JSON document on stdout, exit codes, and no traceback."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lamplighter.cli.main import main
from lamplighter.contracts import RunReport
from world import World, day

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lamplighter(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command in the world's home; returns exit code, stdout and stderr."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    unset = ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME")
    for name in unset:
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


def document(out: str) -> Any:
    return json.loads(out)


def test_a_night_prints_sentences_and_exits_with_0(world: World, lamplighter: Command) -> None:
    code, out, _ = lamplighter("run", world.spec_path, "--as-of", "2024-02-20")
    assert code == 0
    assert "The gate says promote" in out
    assert "Version 1 is champion from 2024-02-20" in out


def test_a_night_as_json_prints_one_document_and_progress_on_stderr(
    world: World, lamplighter: Command
) -> None:
    code, out, err = lamplighter("run", world.spec_path, "--as-of", "2024-02-20", "--json")
    assert code == 0
    assert document(out)["outcome"] == "promote"
    assert "tune_model: " in err


@pytest.mark.parametrize(
    ("verdict", "code"), [("promote", 0), ("reject", 10), ("inconclusive", 11)]
)
def test_the_exit_code_is_the_gates_verdict_while_a_person_is_waited_for(
    world: World, lamplighter: Command, monkeypatch: pytest.MonkeyPatch, verdict: str, code: int
) -> None:
    waits = RunReport(
        run_key="k", model="returns", as_of=day(50), outcome="waits", verdict=verdict, sentences=()
    )
    monkeypatch.setattr("lamplighter.cli.run_night.run_night", lambda *_, **__: waits)
    asked = ("run", world.spec_path, "--as-of", "2024-02-20")
    assert lamplighter(*asked, "--exit-code")[0] == code
    assert lamplighter(*asked)[0] == 0


def test_exit_code_11_says_that_the_night_was_inconclusive(
    world: World, lamplighter: Command
) -> None:
    lamplighter("run", world.spec_path, "--as-of", "2024-02-20")
    asked = ("run", world.spec_path, "--as-of", "2024-02-21")
    assert lamplighter(*asked, "--exit-code")[0] == 11
    assert lamplighter(*asked)[0] == 0


def test_the_book_is_read_and_written_by_commands(world: World, lamplighter: Command) -> None:
    world.run(day(50))
    world.run(day(51))
    assert document(lamplighter("champion", "returns", "--json")[1])["champion"]["version"] == "1"
    code, out, _ = lamplighter("promote", "returns", "--version", "2", "--reason", "why not")
    assert (code, "version 2 is champion" in out) == (0, True)
    code, out, _ = lamplighter("rollback", "returns", "--reason", "complaints", "--json")
    assert (code, document(out)["champion"]["version"]) == (0, "1")
    releases = document(lamplighter("history", "returns", "--json")[1])["releases"]
    assert [(r["version"], r["kind"]) for r in releases] == [
        ("1", "release"),
        ("2", "promote"),
        ("1", "rollback"),
    ]
    assert releases[0]["valid_to"] == releases[1]["valid_from"]
    assert "complaints" in lamplighter("history", "returns")[1]
    code, out, _ = lamplighter("champion", "returns", "--at", "2024-02-20T12:00")
    assert (code, "version 1 was champion" in out) == (0, True)
    assert lamplighter("doctor")[0] == 0


def test_a_freeze_stops_a_promotion_and_stands_in_every_answer(
    world: World, lamplighter: Command
) -> None:
    world.run(day(50))
    world.run(day(51))
    code, out, _ = lamplighter("freeze", "returns", "--reason", "stocktaking")
    assert (code, "returns is frozen by" in out) == (0, True)
    code, _, err = lamplighter("promote", "returns", "--version", "2", "--reason", "why not")
    assert (code, "stocktaking; nothing was changed, lift it with 'lampl" in err) == (1, True)
    assert "stocktaking" in lamplighter("champion", "returns")[1]
    (shown,) = document(lamplighter("champion", "returns", "--json")[1])["frozen"]
    assert shown["reason"] == "stocktaking"
    assert "stocktaking" in lamplighter("doctor")[1]
    assert "frozen already" in lamplighter("freeze", "returns", "--reason", "again")[1]
    assert lamplighter("unfreeze", "returns", "--reason", "done")[0] == 0
    assert lamplighter("promote", "returns", "--version", "2", "--reason", "why not")[0] == 0
    acts = document(lamplighter("history", "returns", "--json")[1])["freezes"]
    assert [(act["kind"], act["reason"]) for act in acts] == [
        ("freeze", "stocktaking"),
        ("unfreeze", "done"),
    ]
    assert "stocktaking" in lamplighter("history", "returns")[1]


def test_lifting_a_models_freeze_while_all_are_frozen_says_that_it_is_still_frozen(
    world: World, lamplighter: Command
) -> None:
    world.run(day(50))
    assert "all models are frozen" in lamplighter("freeze", "--all", "--reason", "migration")[1]
    code, _, err = lamplighter("unfreeze", "returns", "--reason", "mine")
    assert (code, "returns is still frozen with all models by" in err) == (1, True)
    assert lamplighter("unfreeze", "--all", "--reason", "migrated", "--json")[0] == 0
    assert "not frozen" in lamplighter("unfreeze", "--all", "--reason", "twice")[1]


def test_before_the_first_champion_the_answer_is_none_and_exit_1(
    world: World, lamplighter: Command
) -> None:
    world.run(day(50))
    code, out, err = lamplighter("champion", "returns", "--at", "2024-01-05", "--json")
    assert (code, document(out)["champion"]) == (1, None)
    assert "has no champion at 2024-01-05" in err


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_scoring_writes_a_file_whole(
    world: World, lamplighter: Command, tmp_path: Path, suffix: str
) -> None:
    world.run(day(50))
    out_file = tmp_path / f"scores.{suffix}"
    words = ("score", world.spec_path, "--as-of", "2024-02-21", "--out", out_file, "--json")
    code, out, _ = lamplighter(*words, "--reasons", "2")
    assert code == 0
    read = pd.read_parquet if suffix == "parquet" else pd.read_csv
    scored = read(out_file)
    assert len(scored) == document(out)["rows"] > 0
    assert {len(json.loads(said)["reasons"]) for said in scored["reasons"]} == {2}
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_a_date_is_read_in_the_zone_of_the_spec(world: World, lamplighter: Command) -> None:
    world.document["time"]["timezone"] = "America/New_York"
    world.write()
    lamplighter("run", world.spec_path, "--as-of", "2024-02-20")
    assert lamplighter("champion", "returns", "--at", "2024-02-20")[0] == 0


def test_reading_the_book_where_there_is_none_makes_nothing(
    lamplighter: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path / "nowhere"))
    code, _, err = lamplighter("history", "returns")
    assert (code, "no folder" in err) == (1, True)
    assert not (tmp_path / "nowhere").exists()


def test_a_stopped_night_says_where_its_report_lies(world: World, lamplighter: Command) -> None:
    world.document["features"] = {"drop": ["spnd"]}
    world.write()
    code, _, err = lamplighter("run", world.spec_path, "--as-of", "2024-02-20")
    assert code == 1
    assert "the nearest name is 'spend'" in err
    (path,) = re.findall(r"report: (\S+\.html)", err)
    assert "spnd" in Path(path).read_text()


def test_the_doctor_finds_a_moved_alias_and_puts_it_back(
    world: World, lamplighter: Command
) -> None:
    world.run(day(50))
    world.run(day(51))
    world.stores.registry.set_alias("returns", "champion", "2")
    code, out, _ = lamplighter("doctor")
    assert (code, "WRONG returns alias" in out) == (1, True)
    assert lamplighter("doctor", "--restore", "returns")[0] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "SPEC", "--as-of", "soon"], 2, r"--as-of: got 'soon', expected a date"),
        (["run", "SPEC", "--as-of", "2024-02-20", "--trials", "0"], 2, r"trials: got 0"),
        (["run", "SPEC", "--as-of", "2024-02-20", "--budget-s", "-1"], 2, r"budget_s: got -1"),
        (["run", "SPEC", "--budget-s", "1", "--trials", "1"], 2, r"not allowed with"),
        (["run", "no.yaml"], 1, r"cannot read the spec no.yaml"),
        (["score", "SPEC", "--as-of", "2024-02-20", "--out", "x.txt"], 2, r"\.parquet or \.csv"),
        (["score", "SPEC", "--out", "x.csv", "--reasons", "99"], 2, r"--reasons: invalid choice"),
        (["rollback", "returns", "--reason", "x"], 2, r"never had a champion"),
        (["promote", "returns", "--version", "9", "--reason", "x"], 2, r"no version '9'"),
        (["doctor", "--restore", "returns"], 1, r"no champion in the ledger"),
        (["history", "nobody"], 2, r"knows no model 'nobody'; it knows none"),
        (["champion", "nobody"], 2, r"knows no model 'nobody'"),
        (["freeze", "nobody", "--reason", "x"], 2, r"knows no model 'nobody'"),
        (["freeze", "--reason", "x"], 2, r"name one model, or say --all"),
        (["freeze", "returns", "--all", "--reason", "x"], 2, r"name one model, or say --all"),
        (["freeze", "--all", "--reason", " "], 2, r"a reason is needed"),
        (["unfreeze", "--all"], 2, r"--reason"),
        (["frobnicate"], 2, r"invalid choice"),
        ([], 2, r"required"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message(
    world: World, lamplighter: Command, words: list[str], code: int, said: str
) -> None:
    found = lamplighter(*(world.spec_path if word == "SPEC" else word for word in words))
    assert found[0] == code
    assert re.search(said, found[2]), found[2]


def test_check_prints_every_problem_and_exits_with_1(world: World, lamplighter: Command) -> None:
    assert lamplighter("check", world.spec_path)[0] == 0
    text = world.spec_path.read_text().replace("task: binary", "task: binry")
    world.spec_path.write_text(text + "features: {function: 'os:system'}\nextra: 1\n")
    code, out, _ = lamplighter("check", world.spec_path, "--json")
    assert code == 1
    keys = [problem["key"] for problem in document(out)[str(world.spec_path)]]
    assert keys == ["task", "extra"]


def test_check_refuses_code_from_a_package_that_nobody_allowed(
    world: World, lamplighter: Command
) -> None:
    world.spec_path.write_text(world.spec_path.read_text() + "features: {function: 'os:system'}\n")
    code, out, _ = lamplighter("check", world.spec_path)
    assert code == 1
    line = 1 + world.spec_path.read_text().splitlines().index("features: {function: 'os:system'}")
    assert f"line {line:<4} features.function" in out
    assert "LAMPLIGHTER_ALLOWED_PACKAGES" in out
