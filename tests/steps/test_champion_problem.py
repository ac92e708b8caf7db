"""What is wrong with a champion is said; a store that does not answer is not its fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import ArtifactStoreUnavailableError
from lamplighter.steps import champion_problem as module
from lamplighter.steps.champion_problem import champion_problem
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def night(world: World, number: int = 53) -> Night:
    run_id = f"look/{number}"
    request, stores = RunRequest(as_of=day(number)), world.stores
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return open_night(run_id, stores, threads=1)


def champions_file(world: World) -> Path:
    stores = world.stores
    return Path(stores.artifacts.uri(stores.ledger.champion("returns").artifact))


def test_there_is_nothing_wrong_with_a_sound_champion_or_with_none(seasoned: World) -> None:
    assert champion_problem(night(seasoned)) == ""
    assert champion_problem(night(seasoned, 45)) == ""


def test_a_missing_file_is_said(seasoned: World) -> None:
    champions_file(seasoned).unlink()
    said = champion_problem(night(seasoned))
    assert said.startswith("champion version 2 does not load: ")


def test_a_changed_file_is_said(seasoned: World) -> None:
    with champions_file(seasoned).open("ab") as file:
        file.write(b"!")
    assert "champion version 2 does not load: " in champion_problem(night(seasoned))


def test_another_target_is_said_with_both(seasoned: World) -> None:
    seasoned.document["data"]["positive"] = 0
    seasoned.write()
    assert champion_problem(night(seasoned)) == (
        "champion version 2 predicts outcomes.returned (binary), and now outcomes.returned "
        "(binary, 0)"
    )


def test_a_store_that_does_not_answer_says_nothing_about_the_champion(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ArtifactStoreUnavailableError("the store does not answer")

    monkeypatch.setattr(module, "load_version", away)
    with pytest.raises(ArtifactStoreUnavailableError):
        champion_problem(night(seasoned))
