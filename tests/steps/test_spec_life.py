"""What happens to a model whose spec is changed, given another target, or taken away."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import UsageError
from lamplighter.spec import InvalidSpecError, load_spec
from lamplighter.steps.act_of_person import promote_version
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_frame
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def versions_that_score(world: World, number: int, say: list[str]) -> set[str]:
    stores, run_id = world.stores, f"score/{number}"
    request = RunRequest(as_of=day(number))
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    night = open_night(run_id, stores, threads=1, say=say.append)
    validate_data(night, ingest_data(night))
    return set(score_frame(night, start=day(number - 1), end=day(number))["model_version"])


def test_the_champion_of_another_target_is_not_compared_and_a_person_decides(world: World) -> None:
    world.run(day(50))
    world.document["data"]["positive"] = 0  # who does not come back, where it was who does
    world.write()

    report = world.run(day(51))
    assert report.outcome == "waits"
    said = " ".join(report.sentences)
    assert "champion version 1 predicts outcomes.returned (binary), and now" in said
    assert "nothing to compare with; the candidate is sane and better than the base rate" in said
    heard: list[str] = []
    assert versions_that_score(world, 52, heard) == {"1"}, "scoring goes on"
    assert any("version 1 predicts outcomes.returned (binary), and now" in h for h in heard)

    release, _ = promote_version(world.stores, "returns", "2", reason="the new target", actor=ANNA)
    assert release.version == "2"
    heard.clear()
    assert "2" in versions_that_score(world, 53, heard)
    assert not any("predicts" in h for h in heard)


def test_the_key_of_a_table_that_was_ingested_cannot_change(world: World) -> None:
    stores = world.stores
    request = RunRequest(as_of=day(50))
    world.document["data"]["tables"]["visits"]["key"] = ["visit_id", "city"]
    world.write()
    resolve_spec(world.spec_path, request, run_id="a", actor=ANNA, stores=stores)
    world.document["data"]["tables"]["visits"]["key"] = ["visit_id"]
    world.write()
    run = resolve_spec(world.spec_path, request, run_id="b", actor=ANNA, stores=stores)
    night = open_night("b", stores, threads=1)
    validate_data(night, ingest_data(night))

    world.document["data"]["tables"]["visits"]["key"] = ["visit_id", "city"]
    world.write()
    with pytest.raises(UsageError, match=r"visits.key was \[visit_id\] and is now .* a new name"):
        resolve_spec(world.spec_path, request, run_id="c", actor=ANNA, stores=stores)
    assert stores.ledger.run("c") is None
    assert resolve_spec(world.spec_path, request, run_id="b", actor=ANNA, stores=stores) == run


def test_a_spec_of_a_newer_format_says_what_to_do(world: World) -> None:
    world.document = {"version": 2, **world.document}
    world.write()
    with pytest.raises(InvalidSpecError, match=r"version: got 2, and this Lamplighter reads specs"):
        load_spec(world.spec_path)


@pytest.mark.parametrize(("left", "expected"), [("returns", False), ("others", True)])
def test_history_of_a_model_without_a_spec_answers_and_says_so(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    left: str,
    expected: bool,
) -> None:
    request = RunRequest(as_of=day(50))
    resolve_spec(world.spec_path, request, run_id="a", actor=ANNA, stores=world.stores)
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "some.yaml").write_text(f"model: {left}\n")
    (tmp_path / "specs" / "broken.yaml").write_text("a: [\n")
    monkeypatch.setenv("LAMPLIGHTER_MODELS", str(tmp_path / "specs"))
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    assert main(["history", "returns"]) == 0
    said = capsys.readouterr()
    assert "has never had a champion" in said.out
    assert ("declares returns any more" in said.err) is expected
