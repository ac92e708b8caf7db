"""Whatever goes wrong, the command line says it in words."""

from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path

import pytest
from rich.console import Console

from lamplighter.cli import output, stores
from lamplighter.cli.main import main
from lamplighter.cli.run_night import Display
from lamplighter.cli.times import parse_time
from lamplighter.errors import UsageError


def test_a_home_that_is_a_file_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").write_text("")
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert main(["doctor"]) == 1
    told = capsys.readouterr().err
    assert "file exists; look at the path" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31"])
def test_a_time_beyond_what_tables_can_hold_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="a year from 1700 to 2200"):
        parse_time(text, UTC, option="--as-of")


@pytest.mark.parametrize(
    "error",
    [
        OverflowError("date value out of range"),
        UnicodeEncodeError("utf-8", "\udcff bad", 0, 1, "surrogates not allowed"),
        IsADirectoryError(21, "Is a directory", "out.csv"),
    ],
)
def test_an_error_of_the_machine_has_words_and_no_traceback(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("lamplighter.cli.check_specs.run", fail)
    assert main(["check", "churn.yaml"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith("lamplighter check: ")


def test_brackets_in_a_reason_are_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table("churn", ["reason"], [["see [/ticket] of [bold] :rocket:"]])
    assert "see [/ticket] of [bold] :rocket:" in capsys.readouterr().out


def test_brackets_in_a_columns_name_do_not_end_a_night_in_a_terminal() -> None:
    screen = io.StringIO()
    with Display() as display:
        display._console = Console(file=screen, force_terminal=True, width=80)
        display._status = display._console.status("")
        display._live = True
        with display._status:
            display.began("check_drift")
            display.said("guests[/m] drifted")
    assert display._status.status.plain == "check_drift guests[/m] drifted"


def test_someone_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(stores.getpass, "getuser", unknown)
    monkeypatch.setattr(stores.os, "getuid", lambda: 4711)
    assert stores.acting_user().name == "uid 4711"
