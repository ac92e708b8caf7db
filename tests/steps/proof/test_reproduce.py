"""A version trained again: the same file, or the first thing that differs by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import UsageError
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.proof import repetition
from lamplighter.steps.proof import reproduce as reproducing
from lamplighter.steps.proof.environment import environment
from lamplighter.steps.proof.repetition import Repetition
from lamplighter.steps.proof.reproduce import reproduce
from lamplighter.steps.proof.verdict import Reproduction
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.train_ensemble import fit_candidate
from lamplighter.steps.validate_data import validate_data
from lamplighter.training.ensemble import FittedEnsemble
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def again(world: World, version: str = "1") -> Reproduction:
    return reproduce(world.stores, "returns", version)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".db-wal", ".db-shm")
    }


def test_a_night_comes_out_to_the_bit_and_nothing_is_written(trained: World) -> None:
    again(trained)  # SQLite writes its log into the ledger's file when it likes
    before = contents(trained.home)
    found = again(trained)
    assert (found.answer, found.differences, found.notes) == ("identical", (), ())
    assert found.digest_now == trained.stores.ledger.version("returns", "1").artifact.digest
    assert found.origin == "its stored search of 3 trials"
    assert contents(trained.home) == before


def test_what_differs_is_told_even_where_the_same_comes_out(
    trained: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = environment()
    newer = here.model_copy(update={"packages": {**here.packages, "rich": "99.0"}})
    monkeypatch.setattr(repetition, "environment", lambda: newer)
    found = again(trained)
    assert found.answer == "identical"
    assert [d.what for d in found.differences] == [f"rich {here.packages['rich']} then, 99.0 now"]


def test_another_library_is_named_before_other_code(
    trained: World, another_seed: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    another_seed()
    here = environment()
    newer = here.model_copy(update={"packages": {**here.packages, "numpy": "99.0", "a": "1"}})
    monkeypatch.setattr(repetition, "environment", lambda: newer)
    monkeypatch.setattr(
        repetition,
        "code_files",
        lambda spec: {"lamplighter/training/pool.py": "0", "mine/features.py": "1"},
    )
    found = again(trained)
    assert found.answer == "different: environment"
    assert found.reason == f"numpy {here.packages['numpy']} then, 99.0 now"
    assert found.within is not None
    assert found.within > 0.001
    code = [d.what for d in found.differences if d.cause == "code"]
    assert code[:2] == ["mine/features.py is new", "lamplighter/training/__init__.py is gone"]

    monkeypatch.setattr(repetition, "environment", environment)
    found = again(trained)
    assert (found.answer, found.reason) == ("different: code", "mine/features.py is new")


def test_where_nothing_differs_but_the_result_the_first_member_is_named(
    trained: World, another_seed: Callable[[], None]
) -> None:
    another_seed()
    found = again(trained)
    assert found.answer == "different: nondeterminism"
    assert "data, packages and code are the same, and yet " in found.reason
    assert any(name in found.reason for name in ("member", "chosen", "encoders"))


def test_another_file_that_says_the_same_is_equivalent(
    trained: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def renamed(night: Night, *arguments: Any, **named: Any) -> FittedEnsemble:
        fitted = fit_candidate(night, *arguments, **named)
        return replace(fitted, predictor=replace(fitted.predictor, continued="another"))

    monkeypatch.setattr(repetition, "fit_candidate", renamed)
    found = again(trained)
    assert found.answer == "equivalent (within 0)"
    assert found.digest_now != found.digest_then


def test_a_row_that_was_changed_under_the_hand_is_named(copied: World) -> None:
    table = DeltaTable(f"{copied.home}/lake/tables/returns/visits")
    table.update(predicate="visit_id = 11", updates={"age": "age + 1"})
    found = again(copied)
    assert found.answer == "different: data"
    assert found.reason.startswith("table visits is not what it was (2,959 row versions then")
    assert "1 examples are others (visit_id 11); the first of these in the feature age" in (
        found.reason
    )
    assert found.digest_now is None  # training on other rows would prove nothing


def test_rows_and_columns_that_came_later_change_no_answer(copied: World) -> None:
    copied.visits["weight"] = 70.5
    copied.document["data"]["tables"]["visits"]["columns"] = {"weight": "float"}
    copied.write()
    stores = copied.stores
    resolve_spec(
        copied.spec_path, RunRequest(as_of=day(52)), run_id="later", actor=ANNA, stores=stores
    )
    later = open_night("later", stores, threads=1)
    validate_data(later, ingest_data(later))
    assert "weight" in stores.lake.columns("returns", "visits")
    assert again(copied).answer == "identical"


def test_a_lake_that_is_gone_is_data_purged(copied: World) -> None:
    import shutil

    shutil.rmtree(copied.home / "lake" / "tables" / "returns" / "outcomes")
    found = again(copied)
    assert found.answer == "data purged"
    assert "table returns.outcomes holds nothing" in found.reason


def test_a_search_counted_in_trials_is_run_again_where_its_trials_are_gone(
    copied: World,
) -> None:
    (key,) = copied.stores.ledger.searches_of("returns", timeline="live", as_of=day(50))
    copied.stores.ledger.forget_trials(key)
    found = again(copied)
    assert found.answer == "identical"
    assert found.origin == "its search of 3 trials, run again"


def test_a_file_that_was_deleted_is_proven_by_its_digest(copied: World) -> None:
    version = copied.stores.ledger.version("returns", "1")
    Path(copied.stores.artifacts.uri(version.artifact)).unlink()
    assert again(copied).answer == "identical"


def test_a_proof_that_was_deleted_leaves_the_answer_and_says_so(copied: World) -> None:
    for file in (copied.home / "lake" / "artifacts").rglob("proof-*.json"):
        file.unlink()
    found = again(copied)
    assert found.answer == "identical"
    assert any("what it was made of cannot be read" in note for note in found.notes)


def test_a_version_that_nobody_trained_here_has_one_clear_answer(trained: World) -> None:
    with pytest.raises(UsageError, match="returns has no version '7'; it has 1"):
        again(trained, "7")


def registered(world: World, number: str, payload: bytes, **details: Any) -> None:
    """Register other bytes as a version of the same night."""
    ledger, store = world.stores.ledger, world.stores.artifacts
    first = ledger.version("returns", "1")
    artifact = store.write(f"returns/other-{number}.predictor", payload)
    (search,) = ledger.searches_of("returns", timeline="live", as_of=day(50)).values()
    candidate = {**search["candidate"], "artifact": artifact.model_dump(mode="json")}
    stored = ledger.search(search["key"])
    ledger.open_search(
        f"{number}", model="returns", as_of=day(50), timeline="live", settings=stored.settings
    )
    ledger.finish_search(f"{number}", {**search, "candidate": candidate})
    ledger.intend_version(
        number,
        model="returns",
        artifact=artifact,
        run_key=first.run_key,
        timeline="live",
        as_of=day(50),
        details={**first.details, **details},
    )
    ledger.record_version(number, version=number, mlflow_run_id="x")


def test_an_adopted_version_has_one_clear_answer(copied: World) -> None:
    registered(copied, "2", b"lamplighter-adopted-1", adopted_digest="abc")
    with pytest.raises(UsageError, match="version 2 of returns was adopted, so it was trained els"):
        again(copied, "2")


def test_a_file_of_an_unknown_format_is_compared_by_its_golden_rows(copied: World) -> None:
    registered(copied, "2", b"lamplighter-predictor-0\n...")
    found = again(copied, "2")
    assert found.answer == "equivalent (within 0)"
    assert "written by another release of Lamplighter (format 0" in found.reason


def test_what_an_older_release_registered_is_trained_again_and_called_unknown(
    copied: World, another_seed: Callable[[], None]
) -> None:
    registered(copied, "2", b"lamplighter-predictor-2\n...", proof={})
    found = again(copied, "2")
    assert found.answer == "equivalent (within 0)"
    assert "it was registered by a release that kept no proof" in found.notes


def test_a_spec_that_is_none_any_more_is_other_code(
    trained: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = type(trained.stores.ledger)
    old = {"model": "returns", "colour": "blue"}
    monkeypatch.setattr(ledger, "spec", lambda self, digest: old)
    found = again(trained)
    assert found.answer == "different: code"
    assert "is none to this release" in found.reason


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("hurried"))
    world.document["ensemble"] = {"max_latency_ms_per_1k": 200.0}  # is measured by a clock, too
    world.write()
    world.run(day(50), budget_s=4.0)
    return world


def test_a_budget_in_seconds_is_repeated_by_the_recorded_clock_not_the_one_on_the_wall(
    hurried: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = iter(range(0, 10**9, 1_000))
    real = Repetition.fit

    def slowly(self: Repetition, *arguments: Any) -> Any:
        night = replace(self.night, clock=lambda: float(next(slow)))
        return real(replace(self, night=night), *arguments)

    monkeypatch.setattr(reproducing.Repetition, "fit", slowly)
    found = again(hurried)
    assert (found.answer, found.notes) == ("identical", ())


def test_a_search_in_seconds_cannot_be_repeated_without_its_trials(hurried: World) -> None:
    (key,) = hurried.stores.ledger.searches_of("returns", timeline="live", as_of=day(50))
    hurried.stores.ledger.forget_trials(key)
    found = again(hurried)
    assert found.answer == "data purged"
    assert "it was counted in seconds" in found.reason
