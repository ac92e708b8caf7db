"""`reproduce` and `lineage` on the command line: words, one JSON document, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lamplighter.cli.main import main
from world import World, day


@pytest.fixture
def night(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    world.run(day(50))
    return world


def test_a_version_is_proven_and_followed_by_commands(
    night: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["reproduce", "returns", "1"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("version 1 of returns: identical\n")
    assert "fitted by its stored search of 3 trials" in said.out
    assert "building the examples as of then" in said.err

    assert main(["lineage", "returns", "--entity", "5"]) == 0
    assert "learnt from 5: 1 of 1 versions of returns" in capsys.readouterr().out
    assert main(["lineage", "returns", "--entity", "5", "--json"]) == 0
    (version,) = json.loads(capsys.readouterr().out)["versions"]
    assert (version["learnt"], version["training"], version["way"]) == (True, 1, "stored examples")

    out = tmp_path / "scores.csv"
    spec = str(night.spec_path)
    main(["score", spec, "--as-of", "2024-02-21", "--out", str(out)])
    capsys.readouterr()
    assert main(["lineage", "returns", "--key", "4711"]) == 2
    assert "the lake holds no prediction of 4711" in capsys.readouterr().err
    assert main(["lineage", "returns", "--prediction", "x", "--at", "2024-02-01"]) == 2
    assert "--at belongs to --key" in capsys.readouterr().err

    assert main(["reproduce", "returns", "9"]) == 2
    assert "returns has no version '9'; it has 1" in capsys.readouterr().err
    shutil.rmtree(night.home / "lake" / "tables")
    assert main(["reproduce", "returns", "1", "--json"]) == 13
    found = json.loads(capsys.readouterr().out)
    assert (found["answer"], found["cause"]) == ("data purged", None)
