"""The walk through a first model works as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamplighter.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "first-model.md"


def test_the_walk_through_ends_with_a_champion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "include" / "models").mkdir(parents=True)
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path / "home"))
    for name in (
        "LAMPLIGHTER_MODELS",
        "LAMPLIGHTER_LAKE",
        "LAMPLIGHTER_LEDGER",
        "MLFLOW_TRACKING_URI",
    ):
        monkeypatch.delenv(name, raising=False)
    text = PAGE.read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    exec(program, {})
    commands = re.findall(r"^lamplighter (.*)$", text, flags=re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["init", "check", "run", "history"]
    for command in commands:
        words = command.split() + (["--trials", "2"] if command.startswith("run") else [])
        assert main(words) == 0, capsys.readouterr().err
    said = capsys.readouterr().out
    assert "lamplighter run include/models/rates.yaml --as-of 2024-05-30" in said
    assert "Version 1 is champion from 2024-05-30" in said
