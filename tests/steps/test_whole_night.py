"""Nights end to end in one process: decided once, repeatable, and nothing doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.steps.examine_stores import examine_stores
from world import World, day


def champion_version(world: World) -> str | None:
    champion = world.stores.ledger.champion("returns")
    return champion.version if champion else None


def test_the_first_night_ends_with_a_champion_that_is_registered_and_aliased(
    world: World,
) -> None:
    report = world.run(day(50))
    assert report.sentences[0].endswith(": a first model was found.")
    stores = world.stores
    assert report.outcome == "promote"
    assert champion_version(world) == "1" == stores.registry.alias("returns", "champion")
    assert all(finding.right for finding in examine_stores(stores))
    assert stores.ledger.champion("returns").valid_from == day(50)


def test_a_second_night_on_like_data_decides_nothing(world: World) -> None:
    world.run(day(50))
    report = world.run(day(51))
    assert report.outcome == "inconclusive"
    assert champion_version(world) == "1"
    assert [v.version for v in world.stores.ledger.versions("returns")] == ["1", "2"]


def test_a_model_that_is_truly_better_replaces_the_champion(
    make_world: Callable[..., World],
) -> None:
    # The first champion learned from a world whose outcome did not depend on anything it sees
    # but age, upside down; then the world turned.
    world = make_world(signal=2.0)
    turned = world.visits["seen_at"] >= pd.Timestamp(day(25))
    world.visits.loc[~turned, "returned"] = 1 - world.visits.loc[~turned, "returned"]
    world.document["split"]["max_training_days"] = 20
    world.write()
    world.run(day(25))
    report = world.run(day(58))
    assert report.outcome == "promote"
    assert report.sentences[0].endswith(": a better model was found.")
    assert champion_version(world) == "2"


def test_a_worse_model_is_rejected(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.run(day(45))
    # From here on the trainer is fed an outcome turned upside down, but for the hold-out.
    wrong = world.visits["seen_at"].between(pd.Timestamp(day(0)), pd.Timestamp(day(44)))
    world.visits.loc[wrong, "returned"] = 1 - world.visits.loc[wrong, "returned"]
    world.visits["known_at"] = world.visits["seen_at"] + timedelta(hours=20)
    world.write()
    other = World(world.folder.parent / "other", world.visits)
    other.paths = type(world.paths)(
        lake=str(other.home / "lake"),
        artifacts=world.paths.artifacts,
        ledger=world.paths.ledger,
        mlflow=world.paths.mlflow,
    )
    report = other.run(day(58))
    assert report.outcome == "reject"
    assert champion_version(world) == "1"


def test_the_same_night_again_is_no_act_at_all(world: World) -> None:
    world.run(day(50), run_id="airflow/one")
    before = everything(world)
    world.run(day(50), run_id="airflow/one")
    assert everything(world) == before


def test_another_run_of_the_same_night_finds_all_its_work_done(world: World) -> None:
    first = world.run(day(50))
    before = everything(world)
    second = world.run(day(50))
    assert everything(world) == before
    assert second.sentences == first.sentences


def test_an_edit_of_the_spec_in_the_middle_of_a_run_mixes_nothing(world: World) -> None:
    world.run(day(50), run_id="airflow/one")
    world.document["search"]["trials"] = 2
    world.write()
    before = everything(world)
    world.run(day(50), run_id="airflow/one")
    assert everything(world) == before


def test_rows_that_become_known_later_change_nothing(make_world: Callable[..., World]) -> None:
    plain, late = make_world(), make_world()
    known = late.visits["seen_at"] + timedelta(hours=20)
    corrected = late.visits[known > pd.Timestamp(day(50))].assign(known_at=day(55))
    corrected["returned"] = 1 - corrected["returned"]
    late.visits["known_at"] = known
    late.visits = pd.concat([late.visits, corrected], ignore_index=True)
    late.write()
    # The visits file must keep its one row per visit: only outcomes were corrected.
    late.visits.drop_duplicates("visit_id").drop(columns=["returned", "known_at"]).to_parquet(
        late.folder / "visits.parquet", index=False
    )
    for world in (plain, late):
        world.run(day(58))  # the lake knows all; the night after must not
        world.document["split"]["holdout_days"] = 11
        world.write()
    reports = [world.run(day(50), dry_run=True) for world in (plain, late)]
    assert reports[0].details == reports[1].details
    assert stored_digests(plain) == stored_digests(late)


def test_a_dry_run_registers_and_releases_nothing(world: World) -> None:
    report = world.run(day(50), dry_run=True)
    assert report.outcome == "promote"
    assert "dry run" in " ".join(report.sentences)
    assert champion_version(world) is None
    assert world.stores.registry.versions("returns") == []


def test_a_dry_run_does_not_stand_in_the_way_of_the_real_night(world: World) -> None:
    world.run(day(50), dry_run=True)
    assert world.run(day(50)).outcome == "promote"
    assert champion_version(world) == "1"


@pytest.mark.parametrize(("mode", "released"), [("off", True), ("dry_run", False)])
def test_the_gates_mode_decides_what_follows_from_a_verdict(
    world: World, mode: str, released: bool
) -> None:
    world.run(day(50))
    report = world.run(day(51), gate_mode=mode)
    assert report.outcome == "inconclusive"
    assert champion_version(world) == ("2" if released else "1")


def test_policy_never_trains_only_when_a_person_asks(world: World) -> None:
    world.run(day(50))
    world.document["retrain"] = {"policy": "never"}
    world.write()
    assert world.run(day(51)).outcome == "no_training"
    asked = world.run(day(52), force_retrain=True, reason="the city list changed")
    assert asked.outcome == "inconclusive"
    assert "the city list changed" in " ".join(asked.sentences)


def test_an_older_night_cannot_take_the_champion_back_in_time(world: World) -> None:
    world.run(day(55))
    report = world.run(day(50))
    assert champion_version(world) == "1"
    assert "Not released" in " ".join(report.sentences)
    assert len(world.stores.ledger.releases("returns")) == 1


def everything(world: World) -> dict[str, object]:
    stores = world.stores
    return {
        "releases": stores.ledger.releases("returns"),
        "versions": stores.ledger.versions("returns"),
        "decisions": stores.ledger.decisions("returns"),
        "registered": stores.registry.versions("returns"),
        "alias": stores.registry.alias("returns", "champion"),
        "files": sorted(
            str(p.relative_to(world.home))
            for p in (world.home / "lake").rglob("*")
            if p.is_file() and not p.name.startswith(("validation-", "night-"))
        ),
    }


def stored_digests(world: World) -> dict[str, str]:
    """Return the digest of everything that the night as of day 50 trained on and trained."""
    folder = world.home / "lake/artifacts/returns/2024-02-20T000000/live"
    kinds = {p: p.name.partition("-")[0] for p in folder.iterdir()}
    digests = {
        kinds[p]: sha256(p.read_bytes()).hexdigest()
        for p in folder.iterdir()
        if (kinds[p], p.suffix) in {("examples", ".parquet"), ("candidate", ".predictor")}
    }
    assert sorted(digests) == ["candidate", "examples"]
    return digests


def test_a_simulated_night_reads_the_lake_as_it_is(world: World) -> None:
    world.run(day(50))
    before = everything(world)["releases"], lake_files(world)
    report = world.run(day(45), timeline="simulated:what-if")
    assert report.outcome == "promote"
    assert (everything(world)["releases"], lake_files(world)) == before


def test_a_simulated_night_after_the_last_ingest_is_refused(world: World) -> None:
    world.run(day(50))
    before = lake_files(world)
    with pytest.raises(DataError, match=r"ingested until 2024-02-20.*let a live night ingest"):
        world.run(day(52), timeline="simulated:what-if")
    assert lake_files(world) == before


def lake_files(world: World) -> list[str]:
    return sorted(str(p) for p in (world.home / "lake/tables").rglob("*") if p.is_file())
