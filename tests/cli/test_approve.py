"""`lamplighter approve`: shows what waits, answers it once, and says what follows."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable

import pytest

from lamplighter.cli.main import main
from world import World, day

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def approve(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run the command on a model whose first version waits."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    world.document["gate"] = {"approval": {"when": "always"}}
    world.write()
    assert world.run(day(50)).outcome == "waits"

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["approve", "returns", *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    capsys.readouterr()
    return run


def test_what_waits_is_shown_then_answered_once(approve: Command, world: World) -> None:
    code, out, _ = approve("--show")
    assert code == 0
    assert out.startswith("Promote version 1 of returns?\n\npromote: first model: it is sane")
    assert "gate.approval.when is always.\n" in out
    assert "hold-out log_loss " in out
    assert "\\" not in out
    assert "**" not in out
    assert "|" not in out
    assert "nobody: it would be the first champion" in out
    assert json.loads(approve("--show", "--json")[1])["verdict"] == "promote"

    code, _, err = approve()
    assert (code, "--reason is needed to answer" in err) == (2, True)
    code, _, err = approve("--version", "7", "--reason", "x")
    assert (code, "nothing of returns waits for approval as version 7" in err) == (2, True)

    code, out, _ = approve("--reason", "looks right")
    me = getpass.getuser()
    assert code == 0
    assert (
        f"version 1 of returns: approved by {me} (OS user): looks right; champion from 2024-02-20"
        in out
    )
    assert world.stores.ledger.champion("returns").actor.name == me

    code, _, err = approve("--reject", "--reason", "no")
    assert (code, "nothing of returns waits for approval" in err) == (2, True)
