"""A replay re-enacts what really happened, changes nothing of it, and does nothing twice."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lamplighter.cli.main import main
from lamplighter.cli.replay_policies import print_accounts
from lamplighter.contracts import Actor
from lamplighter.ledger import Ledger
from lamplighter.spec import load_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.replay import enact
from lamplighter.steps.replay.page import render_replay
from lamplighter.steps.replay.replay import replay
from world import World, day

ME = Actor(name="tester", kind="os_user")
FIRST, LAST = 40, 44
NIGHTS = [day(number, hour=3) for number in range(FIRST, LAST)]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Four live nights under a gate that lets every sane model pass, and a lake that knows more."""
    world = World(tmp_path_factory.mktemp("lived"))
    world.document["search"] = {"algorithms": ["linear"], "trials": 2, "budget_s": None}
    world.document["gate"] = {"mode": "off"}
    world.document["explain"] = {"enabled": False}
    world.write()
    for as_of in NIGHTS:
        world.run(as_of)
    world.ingest(day(58))
    return world


def replayed(world: World, home: Path, **asked: Any) -> dict[str, Any]:
    return replay(
        load_spec(world.spec_path),
        world.stores,
        home=home,
        **{
            "start": day(FIRST),
            "end": day(LAST),
            "policies": ("nightly",),
            "actor": ME,
            "processes": 1,
            **asked,
        },
    )


def replay_ledger(home: Path) -> Ledger:
    (path,) = home.glob("replays/returns/*/ledger.db")
    return Ledger.open(f"sqlite:///{path}")


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def rows_of(ledger: Ledger) -> list[Any]:
    kinds = (ledger.decisions("returns", limit=1000), ledger.versions("returns"))
    return [*kinds, ledger.releases("returns"), ledger.runs("returns"), ledger.models()]


def test_the_policy_that_really_ran_does_what_really_happened_and_changes_nothing_of_it(
    lived: World, tmp_path: Path
) -> None:
    before, rows = contents(lived.home / "lake"), rows_of(lived.stores.ledger)
    mlflow = sha256((lived.home / "mlflow.db").read_bytes()).hexdigest()
    found = replayed(lived, tmp_path)
    assert contents(lived.home / "lake") == before
    assert rows_of(lived.stores.ledger) == rows
    assert sha256((lived.home / "mlflow.db").read_bytes()).hexdigest() == mlflow

    (account,) = found["accounts"]
    (nights,) = found["played"].values()
    live, again = lived.stores.ledger, replay_ledger(tmp_path)
    timeline = account["timeline"]
    for kind in ("retraining", "promotion"):
        then, now = (
            [
                (d.as_of, d.verdict)
                for d in reversed(ledger.decisions("returns", timeline=t, kind=kind))
            ]
            for ledger, t in ((live, "live"), (again, timeline))
        )
        assert then == now
        assert len(now) == len(NIGHTS)
    then, now = live.releases("returns"), again.releases("returns", timeline=timeline)
    assert [release.as_of for release in now] == [release.as_of for release in then] == NIGHTS
    assert [r.artifact.digest for r in now] == [r.artifact.digest for r in then]
    for as_of, night in zip(NIGHTS, nights, strict=True):
        champion = live.champion("returns", at=as_of + timedelta(hours=12))
        assert night["champion"]["artifact"]["digest"] == champion.artifact.digest
    # What was really trained was taken over, not trained again.
    for as_of in NIGHTS:
        (key,) = again.searches_of("returns", timeline=timeline, as_of=as_of)
        assert again.trials(key) == []


def test_a_replay_is_read_back_and_policies_share_what_was_trained(
    lived: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = {"policies": ("nightly", "weekly"), "gates": ("on", "off"), "trials": 1}
    first = replayed(lived, tmp_path, **asked)
    trained: dict[str, set[str]] = {}
    for nights in first["played"].values():
        for night in nights:
            if night["trained"]:
                trained.setdefault(night["as_of"], set()).add(
                    night["trained"]["artifact"]["digest"]
                )
    assert len(trained) == len(NIGHTS)
    assert all(len(models) == 1 for models in trained.values())
    assert len(list(tmp_path.rglob("candidate-*.predictor"))) == len(NIGHTS)
    by_name = {(a["policy"], a["gate"]): a for a in first["accounts"]}
    assert by_name["nightly", "off"]["promotions"] == len(NIGHTS)
    # The first night has to train, whatever the policy; the second one is a Sunday's.
    assert by_name["weekly", "off"]["trainings"] == 2
    assert by_name["nightly", "off"]["compute_s"] > by_name["weekly", "off"]["compute_s"] > 0
    assert all(account["regret"] >= 0 for account in first["accounts"])

    def never_again(*_: Any, **__: Any) -> None:
        raise AssertionError("a night was played again")

    monkeypatch.setattr(enact, "run_night", never_again)
    second = replayed(lived, tmp_path, **asked)
    assert {**second, "seconds": 0} == {**first, "seconds": 0}

    print_accounts(first)
    table = capsys.readouterr().out
    assert {line.split("│")[2].strip() for line in table.splitlines() if "│" in line} == {
        "on",
        "off",
    }
    page = render_replay(json.loads(json.dumps(first)))
    assert "1 trial a training" in page
    assert "://" not in page
    for account in first["accounts"]:
        assert f"{account['mean_loss']:,.5f}" in page


def test_a_replay_in_the_middle_begins_with_the_champion_of_then(
    lived: World, tmp_path: Path
) -> None:
    found = replayed(lived, tmp_path, start=day(FIRST + 2), policies=("never",))
    (nights,) = found["played"].values()
    champion = lived.stores.ledger.champion("returns", at=day(FIRST + 2))
    assert {n["champion"]["artifact"]["digest"] for n in nights} == {champion.artifact.digest}
    assert [night["retrained"] for night in nights] == [False] * 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--from", "2024-02-10", "--to", "2024-02-09"], "is not after --from"),
        (["--from", "2024-02-10", "--to", "2024-02-12", "--policy", "yearly"], "invalid choice"),
        (["--from", "2023-02-10", "--to", "2024-02-12"], "where the data of returns begins"),
        (["--from", "2024-02-10", "--to", "2024-06-12"], "until when the lake holds the data"),
        (["--from", "2024-02-10T04:00", "--to", "2024-02-10T05:00"], "no night of returns lies"),
        (
            ["--from", "2024-02-10", "--to", "2024-02-12", "--policy", "cost_aware"],
            "policy is cost_aware, so `economics` is needed",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_message(
    lived: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    asked: list[str],
    said: str,
) -> None:
    monkeypatch.setattr(Stores, "from_environment", lambda: lived.stores)
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(lived.home))
    try:
        code = main(["replay", str(lived.spec_path), *asked])
    except SystemExit as left:
        code = left.code
    assert code == 2
    assert said in capsys.readouterr().err
