"""The demo's table tells what really happened, from the ledger and the reports."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from demo_results import night_result, table

from lamplighter.errors import DataError
from world import day

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"


def test_a_night_shows_the_numbers_of_its_own_report(world):
    report = world.run(day(40), run_id="returns__train/first")
    found = night_result(world.paths, "returns__train/first", seconds=61.2)
    judged = report.details["metrics"]["roc_auc"]
    assert found.verdict == "promote"
    assert found.reason.startswith("first model")
    assert found.champion == "-"
    assert found.candidate.startswith(f"{judged['value']:.3f}".removeprefix("0"))
    seen_at = world.visits["seen_at"]
    outcomes = seen_at <= day(39, 4)  # known 20 hours later
    assert found.rows == int((seen_at <= day(40)).sum() + outcomes.sum())
    assert Path(found.report).read_text().startswith("<!doctype html>")


def test_a_night_that_its_data_stopped_says_what_was_wrong(world):
    world.run(day(40))
    world.visits = pd.concat([world.visits, world.visits])
    world.write()
    with pytest.raises(DataError):
        world.run(day(41), run_id="returns__train/broken")
    found = night_result(world.paths, "returns__train/broken", seconds=9.0)
    assert found.verdict == "stopped by data"
    assert "not alone with their key" in found.reason
    assert (found.champion, found.candidate) == ("-", "-")


def test_the_table_has_a_line_of_numbers_and_a_reason_for_each_night(world):
    world.run(day(40), run_id="returns__train/first")
    world.run(day(41), run_id="returns__train/second")
    nights = [
        night_result(world.paths, f"returns__train/{name}", seconds=60.0)
        for name in ("first", "second")
    ]
    lines = table(nights).splitlines()
    assert len(lines) == 2 + 2 * len(nights)
    assert lines[2].startswith("2024-02-09 19:00  form (tester)")
    assert "over 12 days" in lines[-1]
    assert max(map(len, lines)) <= 120


def test_a_run_that_never_began_its_night_has_no_line(world):
    assert night_result(world.paths, "returns__train/nobody", seconds=1.0) is None


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path):
    kept = tmp_path / "demo" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work")
    done = subprocess.run(
        [sys.executable, str(DEMO)],
        env={**os.environ, "LAMPLIGHTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "was not made by `make demo`" in done.stderr
    assert kept.read_text() == "years of work"
