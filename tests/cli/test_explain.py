"""The book in sentences: what is known is told with its numbers, what is not is `unknown`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import lamplighter
from lamplighter.cli.main import main
from lamplighter.contracts import Actor
from lamplighter.errors import UsageError
from lamplighter.steps.act_of_person import promote_version
from lamplighter.steps.known_defects import report_defect
from world import World, day

Command = Callable[..., tuple[int, str, str]]
ANNA = Actor(name="anna", kind="os_user")
NIGHT = "returns__train/scheduled__2024-02-20"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Version 1 was released by a night, 2 by anna although it has a defect; one rehearsal."""
    world = World(tmp_path_factory.mktemp("told"))
    world.run(day(50), run_id=NIGHT)
    world.run(day(51), run_id="returns__train/manual__two", reason="to be sure")
    world.run(day(51), timeline="simulated:weekly", run_id="sim/1")
    stores = world.stores
    report_defect(
        stores.ledger, stores.registry, "returns", "2", "too sure of itself in Lima", actor=ANNA
    )
    promote_version(stores, "returns", "2", reason="I know why", actor=ANNA)
    return world


@pytest.fixture
def lamplighter_says(
    told: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(told.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
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


def test_a_run_is_told_with_who_what_when_why_and_its_numbers(
    told: World, lamplighter_says: Command
) -> None:
    code, out, _ = lamplighter_says("explain", "returns", "manual__two")
    assert code == 0
    decision = told.stores.ledger.decisions("returns", kind="promotion")[0]
    paired = decision.evidence["evidence"]
    assert "started by tester (OS user)" in out
    assert "as run returns__train/manual__two" in out
    assert "reason given: to be sure" in out
    assert "the night's own candidate, against version 1" in out
    assert f"It said {decision.verdict} at" in out
    assert decision.reason in out
    assert f"was lower by {paired['gain']['value']:.5f} (" in out
    assert f"on {paired['blocks']} days ({paired['first_block']} to " in out
    assert (
        f"the looks so far, 1, spent {decision.evidence['spent']:.5f} of the year's budget" in out
    )
    assert "no problem was found" in out
    assert "Drift against the training" in out
    assert "Nothing was released by it." in out
    assert "Registered as version 2 (MLflow run " in out


def test_the_sentences_and_the_json_have_the_same_numbers(
    told: World, lamplighter_says: Command
) -> None:
    found = document(lamplighter_says("explain", "returns", NIGHT, "--json")[1])
    assert (found["kind"], found["timeline"], found["versions"]) == ("night", "live", ["1"])
    assert found["runs"][0]["actor"] == {"name": "tester", "kind": "os_user"}
    (promotion,) = [d for d in found["decisions"] if d["kind"] == "promotion"]
    assert promotion["released_as"]["version"] == "1"
    loss = promotion["evidence"]["metrics"]["log_loss"]
    assert f"log_loss {loss['value']:.5f} ({loss['lower']:.5f} to {loss['upper']:.5f})" in " ".join(
        found["sentences"]
    )


def test_a_model_alone_is_told_by_its_newest_decision_and_what_people_did_since(
    lamplighter_says: Command,
) -> None:
    code, out, _ = lamplighter_says("explain", "returns")
    assert code == 0
    assert "manual__two" in out
    assert NIGHT not in out
    assert "by a promotion by hand of anna (OS user), and still is: I know why." in out
    since = document(lamplighter_says("explain", "returns", "--json")[1])["acts_since"]
    assert [(act["version"], act["kind"]) for act in since] == [("2", "promote")]


def test_a_version_is_told_from_its_training_to_its_defects(
    told: World, lamplighter_says: Command
) -> None:
    code, out, _ = lamplighter_says("explain", "returns", "2")
    assert code == 0
    version = told.stores.ledger.version("returns", "2")
    assert "was trained in the night as of 2024-02-21 00:00 UTC" in out
    assert f"of the data {version.details['snapshot'][:12]}" in out
    assert "The search made 3 trials; best was " in out
    assert "It said inconclusive: " in out
    assert "Version 2 became champion at " in out
    assert "How it did on later days is unknown" in out
    assert "found at " in out
    assert "by anna (OS user): too sure of itself in Lima." in out


def test_the_facts_of_a_version_stand_in_history_and_champion(
    told: World, lamplighter_says: Command
) -> None:
    releases = document(lamplighter_says("history", "returns", "--json")[1])["releases"]
    assert [r["known_defects"] == [] for r in releases] == [True, False]
    measured = releases[0]["performance"]
    assert measured["lower"] < measured["value"] < measured["upper"]
    assert measured["metrics"]["log_loss"]["value"] == measured["value"]
    assert releases[0]["author"] == {"name": "tester", "kind": "os_user"}
    assert releases[1]["released_by"] == {"name": "anna", "kind": "os_user"}
    table = lamplighter_says("history", "returns")[1]
    assert "too sure of itself" in table
    shown = lamplighter_says("champion", "returns")[1]
    assert "by anna (OS user) (promote): I know why" in shown
    assert "performance when it was judged: log_loss 0." in shown
    assert "known defect 1, found by anna (OS user): too sure of itself in Lima" in shown


def test_what_is_before_the_first_champion_is_said_to_be_nobodys(
    lamplighter_says: Command,
) -> None:
    code, out, err = lamplighter_says("champion", "returns", "--at", "2024-01-05", "--json")
    assert (code, document(out)["champion"]) == (1, None)
    assert (
        "no champion at 2024-01-05T00:00:00+00:00 that the ledger knows; the first that the "
        in (err)
    )
    assert "began 2024-02-20" in err


def test_nobody_knows_who_will_be_champion(lamplighter_says: Command) -> None:
    code, out, err = lamplighter_says("champion", "returns", "--at", "2199-01-01")
    assert (code, out) == (1, "")
    assert "is unknown: that lies in the future" in err


def test_a_time_that_the_data_has_not_come_to_is_answered_so_far(
    lamplighter_says: Command,
) -> None:
    now = datetime.now(UTC).isoformat()
    code, out, _ = lamplighter_says("champion", "returns", "--at", now)
    assert (code, "so far: the data of returns has come to 2024-02-2" in out) == (0, True)
    assert "so far" not in lamplighter_says("champion", "returns", "--at", "2024-02-20T01:00")[1]


def test_a_simulated_timeline_is_told_and_an_unheard_of_one_is_refused(
    lamplighter_says: Command,
) -> None:
    code, out, _ = lamplighter_says("explain", "returns", "--timeline", "simulated:weekly")
    assert (code, "timeline simulated:weekly, dry run" in out) == (0, True)
    for command in ("explain", "history", "champion"):
        code, _, err = lamplighter_says(command, "returns", "--timeline", "simulated:other")
        assert code == 2
        assert (
            "knows no timeline 'simulated:other' of returns; it knows live, simulated:weekly"
            in (err)
        )


def test_incidents_as_json_name_the_model_that_was_asked_about(lamplighter_says: Command) -> None:
    found = document(lamplighter_says("incidents", "returns", "--json")[1])
    assert found == {"model": "returns", "incidents": []}
    assert document(lamplighter_says("incidents", "--json")[1])["model"] is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["explain", "returns", "9"], 2, "returns has no version '9'; the ledger knows 1, 2"),
        (["explain", "returns", "last night"], 2, "neither a version nor a run 'last night'"),
        (["explain", "nobody"], 2, "knows no model 'nobody'"),
        (["defect", "add", "returns", "9", "x"], 2, "no version '9'; the ledger knows 1, 2"),
        (["defect", "add", "returns", "1", " "], 2, "a defect needs words"),
        (["defect", "list", "returns", "9"], 2, "no version '9'"),
        (["defect", "mend", "returns", "7", "--reason", "x"], 2, "no known defect 7; those that"),
        (["defect", "mend", "returns", "one", "--reason", "x"], 2, "invalid int value"),
        (["incidents", "nobody"], 2, "knows no model 'nobody'"),
        (["champion", "returns", "--at", "some day"], 2, "--at: got 'some day', expected a date"),
        (["champion", "returns", "--timeline", "Live"], 2, "timeline is 'Live', expected 'live'"),
        (["history", "returns", "--timeline", "sim"], 2, "timeline is 'sim', expected 'live'"),
    ],
)
def test_what_cannot_be_told_is_said_in_one_message(
    lamplighter_says: Command, words: list[str], code: int, said: str
) -> None:
    found = lamplighter_says(*words)
    assert (found[0], found[1]) == (code, "")
    assert said in found[2]


def test_champion_at_answers_from_the_ledger_of_the_environment(
    told: World, lamplighter_says: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = lamplighter.champion_at("returns", day(50, hour=12))
    assert found == told.stores.ledger.releases("returns")[0]
    assert lamplighter.champion_at("returns", day(50) - timedelta(microseconds=1)) is None
    assert lamplighter.champion_at("nobody", day(50)) is None
    assert lamplighter.champion_at("returns", datetime(2199, 1, 1, tzinfo=UTC)) is None
    simulated = lamplighter.champion_at("returns", day(51), timeline="simulated:weekly")
    assert simulated == found
    with pytest.raises(UsageError, match="expected a time with its zone"):
        lamplighter.champion_at("returns", datetime(2024, 2, 20))


def test_a_night_of_which_nothing_was_decided_is_unknown(
    tmp_path: Path, lamplighter_says: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lamplighter.contracts import RunRequest
    from lamplighter.steps.resolve_spec import resolve_spec

    world = World(tmp_path)
    resolve_spec(
        world.spec_path, RunRequest(as_of=day(50)), run_id="killed", actor=ANNA, stores=world.stores
    )
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    code, out, _ = lamplighter_says("explain", "returns", "killed")
    assert (code, "What came of it is unknown" in out) == (0, True)
    code, out, err = lamplighter_says("champion", "returns", "--at", "2024-02-20")
    assert (code, out) == (1, "")
    assert "returns has no champion at 2024-02-20T00:00:00+00:00 that the ledger knows; '" in err
    code, out, err = lamplighter_says("explain", "returns", "--json")
    assert (code, document(out)["kind"]) == (1, None)
    assert "no decision about returns is known on timeline live" in err


@pytest.mark.parametrize(
    "words",
    [
        ["champion", "returns", "--at", "2024-02-20"],
        ["history", "returns"],
        ["explain", "returns"],
        ["incidents"],
        ["defect", "list", "returns"],
        ["promote", "returns", "--version", "1", "--reason", "x"],
    ],
    ids=lambda words: words[0],
)
def test_a_ledger_of_a_newer_schema_is_refused_in_one_message(
    told: World,
    lamplighter_says: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    words: list[str],
) -> None:
    copy = tmp_path / "ledger.db"
    with (
        closing(sqlite3.connect(told.home / "ledger.db")) as ours,
        closing(sqlite3.connect(copy)) as newer,
    ):
        ours.backup(newer)
        newer.execute("UPDATE ledger_schema SET version_num = '9999'")
        newer.commit()
    monkeypatch.setenv("LAMPLIGHTER_LEDGER", f"sqlite:///{copy}")
    code, out, err = lamplighter_says(*words)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "has schema 9999, newer than " in err
    assert "use the lamplighter that wrote it, or a newer one" in err


def test_a_deleted_file_stops_a_promotion_in_one_message_and_changes_nothing(
    told: World, lamplighter_says: Command
) -> None:
    stores = told.stores
    version = stores.ledger.version("returns", "1")
    assert version is not None
    path = Path(stores.artifacts.uri(version.artifact))
    elsewhere = path.rename(path.with_suffix(".away"))
    try:
        code, out, err = lamplighter_says(
            "promote", "returns", "--version", "1", "--reason", "it was better"
        )
    finally:
        elsewhere.rename(path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert version.artifact.key in err
    champion = stores.ledger.champion("returns")
    assert champion is not None
    assert champion.version == "2"
    # What the ledger knows of it is told all the same.
    assert lamplighter_says("explain", "returns", "1")[0] == 0
