"""`lamplighter quarantine`: what is listed and shown, and a correction from file to lake."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from world import World, day, visits


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two visits were set aside, visit 3 and 4 for their age."""
    world = World(tmp_path_factory.mktemp("shop"), visits(days=10))
    world.document["data"]["validate"] = {"between": {"visits": {"age": [-50, 120]}}}
    world.visits.loc[3:4, "age"] = 999.0
    world.write()
    resolve_spec(
        world.spec_path,
        RunRequest(as_of=day(9)),
        run_id="test/one",
        actor=Actor(name="ann", kind="os_user"),
        stores=world.stores,
    )
    night = open_night("test/one", world.stores)
    validate_data(night, ingest_data(night))
    return world.home


@pytest.fixture
def quarantine(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run an act; returns exit code, stdout and stderr."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["quarantine", *(str(word) for word in words)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


def test_the_rows_are_listed_by_check_and_shown_with_their_reason(quarantine) -> None:
    code, out, _ = quarantine("list", "returns")
    assert code == 0
    assert all(word in out for word in ("visits", "between", "age", "open", "2024-01-10"))
    rows = json.loads(quarantine("list", "returns", "--json")[1])["rows"]
    assert {row["row"]["visit_id"] for row in rows} == {3, 4}
    code, out, _ = quarantine("show", "returns", rows[0]["id"][:8])
    assert code == 0
    assert "visits.age: expected values from -50 to 120" in out
    assert "age: 999.0" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "returns", "ffff"), "ffff names no row"),
        (("show", "returns"), "say which row"),
        (("replay", "returns"), "give either --file"),
        (("replay", "returns", "--file", "nowhere.csv"), "expected an existing .csv or .parquet"),
        (("replay", "returns", "--ids", "zzz"), "zzz names no row in quarantine"),
        (("list", "nobody"), "knows no model 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(quarantine, words, said) -> None:
    code, _, err = quarantine(*words)
    assert code == 2
    assert said in err


def test_corrected_rows_of_a_file_come_back_and_those_that_still_fail_do_not(
    quarantine, tmp_path: Path
) -> None:
    file = tmp_path / "visits.csv"
    code, out, _ = quarantine("show", "returns", "--out", file)
    assert code == 0
    assert f"lamplighter quarantine replay returns --table visits --file {file}" in out
    rows = pd.read_csv(file)
    assert set(rows["visit_id"]) == {3, 4}
    rows.assign(age=[50.0, 130.0]).to_csv(file, index=False)
    code, out, err = quarantine("replay", "returns", "--file", file)
    assert code == 1
    assert "returns.visits: 1 row let in, known from 2024-01-10" in out
    assert "1 row still failing, and left in quarantine: visits.age: 1 of 2 rows is outside" in err
    code, out, _ = quarantine("list", "returns")
    assert "replayed" in out
    assert "open" in out
    rows.assign(age=50.0).to_csv(file, index=False)
    code, out, _ = quarantine("replay", "returns", "--file", file, "--json")
    assert code == 0
    assert (json.loads(out)["let_in"], json.loads(out)["already"]) == (1, 1)
