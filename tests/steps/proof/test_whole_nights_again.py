"""Nights of the shipped specs, each proven by another process than the one that trained."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("model", "as_of", "budget"),
    [("breast_cancer", "2026-01-02", ()), ("flights", "2013-07-01", ("--trials", "3"))],
)
def test_a_whole_night_comes_out_to_the_bit_in_another_process(
    model: str, as_of: str, budget: tuple[str, ...], tmp_path: Path
) -> None:
    def lamplighter(*words: str) -> str:
        environment = {**os.environ, "LAMPLIGHTER_HOME": str(tmp_path)}
        for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "lamplighter.cli.main", *words, "--json"]
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    lamplighter("run", f"include/models/{model}.yaml", "--as-of", as_of, *budget)
    found = json.loads(lamplighter("reproduce", model, "1"))
    assert (found["answer"], found["differences"], found["notes"]) == ("identical", [], [])
