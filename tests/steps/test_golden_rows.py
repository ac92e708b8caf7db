"""Golden rows: after an upgrade a version scores as it did, or it is not used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamplighter.contracts import Actor, ArtifactRef, RunRequest
from lamplighter.errors import ArtifactError
from lamplighter.ledger import Release
from lamplighter.steps import golden_rows, libraries, load_version
from lamplighter.steps.golden_rows import check_golden
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import score_frame
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every night after this run under another numpy."""
    newer = {**libraries.libraries(), "numpy": "99.0"}
    for module in (golden_rows, load_version):
        monkeypatch.setattr(module, "libraries", lambda: newer)


def tamper(stores: Stores, change: Any) -> None:
    """Change what was predicted for the golden rows of version 1, as a wrong upgrade would."""
    version = stores.ledger.version("returns", "1")
    assert version is not None
    ref = ArtifactRef.model_validate(version.details["golden"])
    frame = stores.artifacts.read_frame(ref)
    frame["prediction:0"] = change(frame["prediction:0"])
    changed = stores.artifacts.write_frame(f"{ref.key}.changed", frame)
    details = {**version.details, "golden": changed.model_dump(mode="json")}
    _rewrite_details(stores, version.key, details)


def _rewrite_details(stores: Stores, key: str, details: dict[str, Any]) -> None:
    # The ledger has no way to change a row; a test that must goes past it.
    from sqlalchemy import text

    from lamplighter.ledger import tables

    with stores.ledger._database.writing() as connection:
        triggers = connection.execute(
            text("select name, sql from sqlite_master where type = 'trigger' and "
                 "tbl_name = 'ledger_version_intents'")
        ).all()  # fmt: skip
        for name, _ in triggers:
            connection.execute(text(f"drop trigger {name}"))
        intents = tables.version_intents
        connection.execute(intents.update().where(intents.c.key == key).values(details=details))
        for _, sql in triggers:
            connection.execute(text(sql))


def score(world: World, number: int) -> int:
    stores, run_id = world.stores, f"score/{number}"
    resolve_spec(
        world.spec_path, RunRequest(as_of=day(number)), run_id=run_id, actor=ANNA, stores=stores
    )
    night = open_night(run_id, stores, threads=1)
    validate_data(night, ingest_data(night))
    return len(score_frame(night, start=day(number - 1), end=day(number)))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world with one champion, whose golden rows each test may tamper with anew."""
    world = World(tmp_path_factory.mktemp("world"))
    world.document["release"] = {"golden_rows": 7}
    world.write()
    world.run(day(50))
    return world


@pytest.fixture
def champion(trained: World) -> Iterator[Release]:
    release = trained.stores.ledger.champion("returns")
    version = trained.stores.ledger.version("returns", "1")
    assert release is not None
    assert version is not None
    yield release
    _rewrite_details(trained.stores, version.key, version.details)


def golden(stores: Stores) -> ArtifactRef:
    version = stores.ledger.version("returns", "1")
    assert version is not None
    return ArtifactRef.model_validate(version.details["golden"])


def test_a_version_keeps_rows_what_it_predicts_for_them_and_its_libraries(
    trained: World, champion: Release
) -> None:
    stores = trained.stores
    version = stores.ledger.version("returns", "1")
    assert version is not None
    frame = stores.artifacts.read_frame(golden(stores))
    assert len(frame) == 7
    assert frame["prediction:0"].between(0, 1).all()
    assert version.details["libraries"]["numpy"] == np.__version__
    found = check_golden(stores, champion)
    assert (found.right, found.message) == (True, "version 1 scores its 7 golden rows as it did")


def test_rounding_of_another_library_version_is_no_change(
    trained: World, champion: Release
) -> None:
    tamper(trained.stores, lambda predicted: predicted * (1 + 2e-6))
    assert check_golden(trained.stores, champion).right


def test_a_version_from_before_golden_rows_is_not_blamed(trained: World, champion: Release) -> None:
    version = trained.stores.ledger.version("returns", "1")
    assert version is not None
    _rewrite_details(trained.stores, version.key, {"spec": version.details["spec"]})
    found = check_golden(trained.stores, champion)
    assert (found.right, found.message) == (True, "no golden rows were kept with version 1")


def test_a_missing_file_of_golden_rows_is_a_wrong_answer_and_no_traceback(
    trained: World, champion: Release
) -> None:
    tamper(trained.stores, lambda predicted: predicted)
    Path(trained.stores.artifacts.uri(golden(trained.stores))).unlink()
    assert not check_golden(trained.stores, champion).right


def test_an_upgrade_that_changes_no_prediction_changes_nothing(
    trained: World, champion: Release, upgraded: None
) -> None:
    assert score(trained, 51) > 0


def test_an_upgrade_that_changes_predictions_stops_scoring_and_the_comparison(
    trained: World, champion: Release, request: pytest.FixtureRequest
) -> None:
    stores = trained.stores
    tamper(stores, lambda predicted: predicted + 0.01)
    assert score(trained, 51) > 0, "under the same libraries nothing is scored again"

    request.getfixturevalue("upgraded")
    with pytest.raises(ArtifactError, match="version 1 scores 7 of 7 golden rows otherwise, by "):
        score(trained, 52)
    report = trained.run(day(52))
    assert report.outcome == "waits"
    said = " ".join(report.sentences)
    assert "champion version 1 does not load" in said
    assert "99.0 now" in said
    standing = stores.ledger.champion("returns")
    assert standing is not None
    assert standing.version == "1"
    found = check_golden(stores, champion)
    assert not found.right
    assert "install those it was registered under, or train anew" in found.message
