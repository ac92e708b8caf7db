"""Upkeep over real stores: what goes, what must stay, and that it may be done again at any time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from deltalake import DeltaTable
from mlflow import MlflowClient

from lamplighter.contracts import Actor, ArtifactRef, Keep, Upkeep
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.delta_upkeep import delta_tables
from lamplighter.errors import ArtifactError, LedgerUnavailableError, RegistryUnavailableError
from lamplighter.spec import load_spec
from lamplighter.steps import maintain_stores as upkeep
from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.maintain_stores import DUTIES, Failed, maintain_stores
from lamplighter.steps.upkeep.round import Round
from world import World, day

OLD = 400
ANNA = Actor(name="anna", kind="os_user")


@pytest.fixture
def do(seasoned: World) -> Callable[..., Upkeep]:
    """Do one duty of upkeep, some days from now."""

    def do(duty: str, *, in_days: float = OLD, **values: Any) -> Upkeep:
        now = datetime.now(UTC) + timedelta(days=in_days)
        return DUTIES[duty](Round(stores=seasoned.stores, actor=ANNA, now=now, **values))

    return do


def artifacts(world: World) -> set[str]:
    return {file.path for file in world.stores.artifacts.files()}


def kinds(paths: set[str]) -> set[str]:
    return {Path(path).name.partition("-")[0] + Path(path).suffix for path in paths}


def age(world: World, *, days: int) -> None:
    """Make every file of the lake look as if it had been written days ago."""
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    for file in (world.home / "lake").rglob("*"):
        os.utime(file, (then, then))


def readings(world: World) -> dict[str, Any]:
    """Return all that can be read of the champions: histories, files, examples, predictions."""
    stores, spec = world.stores, load_spec(world.spec_path)
    found: dict[str, Any] = {}
    for champion in stores.ledger.releases("returns"):
        found[f"file {champion.version}"] = stores.artifacts.read(champion.artifact)
        for search in stores.ledger.searches_of(
            "returns", timeline=champion.timeline, as_of=champion.as_of
        ).values():
            examples = search["candidate"]["examples"]
            found[f"examples {champion.version}"] = stores.artifacts.read(
                champion.artifact.model_validate(examples)
            )
        for name, table in spec.data.tables.items():
            found[f"{name} as of {champion.as_of}"] = stores.lake.history(
                "returns", name, table, known_by=champion.as_of
            ).to_parquet()
    for name in spec.data.tables:
        found[f"{name} until"] = stores.lake.ingested_until("returns", name)
    found["doctor"] = [f.message for f in examine_stores(stores) if not f.right]
    return found


def test_after_tidying_and_purging_all_of_every_champion_reads_the_same(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    seasoned.run(day(53), dry_run=True, force_retrain=True)
    before, files = readings(seasoned), artifacts(seasoned)
    assert len([name for name in before if name.startswith("examples")]) == 2
    age(seasoned, days=OLD)
    tidied = do("tidy_tables", in_days=0)
    assert any("small files merged" in sentence for sentence in tidied.done)
    age(seasoned, days=OLD)
    do("tidy_tables")
    purged = do("purge_artifacts", in_days=0)
    assert readings(seasoned) == before
    gone = files - artifacts(seasoned)
    assert kinds(gone) == {
        "visits.parquet", "outcomes.parquet", "examples.parquet", "live.parquet",
        "candidate.predictor", "candidate.json", "trial.predictions",
    }  # fmt: skip
    assert len(purged.done) == 4
    assert seasoned.run(day(54), gate_mode="off").outcome in {"promote", "inconclusive", "reject"}


def test_a_dry_run_names_what_would_go_and_deletes_nothing(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    age(seasoned, days=OLD)
    everything = sorted(p for p in (seasoned.home / "lake").rglob("*"))
    for duty in DUTIES:
        do(duty, dry_run=True)
    assert do("purge_artifacts", dry_run=True).done == do("purge_artifacts", dry_run=True).done
    assert any("6 staged rows" in said for said in do("purge_artifacts", dry_run=True).done)
    assert sorted(p for p in (seasoned.home / "lake").rglob("*")) == everything


def test_what_was_purged_says_so_when_it_is_read(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    (search,) = seasoned.stores.ledger.searches_of(
        "returns", timeline="live", as_of=day(52)
    ).values()
    examples = search["candidate"]["examples"]
    age(seasoned, days=OLD)
    do("purge_artifacts", in_days=0)
    with pytest.raises(ArtifactError, match=r"data purged: .* 90 days after .* no champion refers"):
        seasoned.stores.artifacts.read(ArtifactRef.model_validate(examples))
    assert do("purge_artifacts", in_days=0).done == ()


def test_a_file_that_a_night_wrote_again_is_young_again(tmp_path: Path) -> None:
    store = ArtifactStore(str(tmp_path))
    ref = store.write("tea/staged/cups.parquet", b"rows")
    os.utime(tmp_path / store.place(ref), (0, 0))
    limit = datetime.now(UTC) - timedelta(days=90)
    store.write("tea/staged/cups.parquet", b"rows")
    assert not store.purge(store.place(ref), why="is old", written_before=limit)
    assert store.read(ref) == b"rows"


def test_an_object_store_is_purged_as_a_folder_is() -> None:
    store = ArtifactStore("memory://upkeep-test")
    ref = store.write("tea/staged/cups.parquet", b"rows")
    assert [file.path for file in store.files()] == [store.place(ref)]
    later = datetime.now(UTC) + timedelta(days=1)
    assert store.purge(store.place(ref), why="was deleted", written_before=later)
    with pytest.raises(ArtifactError, match=r"data purged: artifact tea/staged/cups\.parquet was"):
        store.read(ref)


def test_files_that_a_killed_writer_left_go_and_unknown_ones_stay(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    root = seasoned.home / "lake/artifacts/returns"
    (root / f".{'0' * 32}.partial").write_text("half")
    (root / "staged" / "golden-0123456789abcdef.json").write_text("{}")
    (root / "reports-0123456789abcdef.html").write_text("")
    before = artifacts(seasoned)
    do("purge_artifacts")
    gone = {Path(path).name for path in before - artifacts(seasoned)}
    assert f".{'0' * 32}.partial" in gone
    assert not gone & {"golden-0123456789abcdef.json", "reports-0123456789abcdef.html"}
    assert kinds(gone) >= {"visits.parquet"}


def test_the_trials_of_a_champion_stay_and_a_cleared_night_finds_its_candidate(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    ledger = seasoned.stores.ledger
    kept, forgotten = (
        next(iter(ledger.searches_of("returns", timeline="live", as_of=day(n)))) for n in (51, 52)
    )
    assert do("forget_trials", in_days=80).done == ()
    assert do("forget_trials").done == ("forgot the trials of 1 searches, 3 trials",)
    assert (len(ledger.trials(kept)), len(ledger.trials(forgotten))) == (3, 0)
    versions = ledger.versions("returns")
    assert seasoned.run(day(52)).outcome == "inconclusive"
    assert ledger.versions("returns") == versions


@pytest.fixture
def cut_short(seasoned: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Run a night that is killed at one call on its stores."""

    def cut(where: str) -> None:
        class KilledError(BaseException):
            pass

        def kill(*_: object, **__: object) -> None:
            raise KilledError

        with monkeypatch.context() as patch:
            patch.setattr(where, kill)
            with pytest.raises(KilledError):
                seasoned.run(day(53), gate_mode="off")

    return cut


def test_a_registration_cut_short_before_the_ledger_knew_is_completed(
    seasoned: World, cut_short: Callable[[str], None], do: Callable[..., Upkeep]
) -> None:
    cut_short("lamplighter.ledger.ledger.Ledger.record_version")
    assert do("reconcile_registrations", in_days=0).done == ()  # it may be at work
    assert len(do("reconcile_registrations", dry_run=True).done) == 1
    assert len(seasoned.stores.ledger.versions("returns")) == 3
    assert len(do("reconcile_registrations").done) == 1
    recorded = [version.version for version in seasoned.stores.ledger.versions("returns")]
    assert recorded == ["1", "2", "3", "4"]
    assert do("reconcile_registrations").done == ()
    seasoned.run(day(53), gate_mode="off")
    assert [v.version for v in seasoned.stores.registry.versions("returns")] == recorded


def test_a_registration_that_never_reached_mlflow_is_reported(
    seasoned: World, cut_short: Callable[[str], None], do: Callable[..., Upkeep]
) -> None:
    cut_short("lamplighter.registry.mlflow_registry.Registry.register")
    report = do("reconcile_registrations")
    assert report.done == ()
    assert "as of 2024-02-23 00:00 UTC was begun and not finished" in report.found[0]
    assert "clear the task register_model" in report.found[0]


def test_an_alias_that_was_not_moved_yet_is_moved(
    seasoned: World, cut_short: Callable[[str], None], do: Callable[..., Upkeep]
) -> None:
    cut_short("lamplighter.registry.mlflow_registry.Registry.set_alias")
    assert seasoned.stores.registry.alias("returns", "champion") == "2"
    assert len(do("reconcile_registrations").done) == 1
    assert seasoned.stores.registry.alias("returns", "champion") == "4"
    assert do("reconcile_registrations").done == ()


@pytest.mark.parametrize("target", ["1", None])
def test_an_alias_that_a_stranger_moved_is_reported_and_left_alone(
    seasoned: World, do: Callable[..., Upkeep], target: str | None
) -> None:
    client = MlflowClient(seasoned.paths.mlflow, seasoned.paths.mlflow)
    if target is None:
        client.delete_registered_model_alias("returns", "champion")
    else:
        client.set_registered_model_alias("returns", "champion", target)
    report = do("reconcile_registrations")
    assert report.done == ()
    assert "doctor --restore returns" in report.found[0]
    assert seasoned.stores.registry.alias("returns", "champion") == target


def test_stale_runs_are_ended_and_their_night_can_still_come_back(
    seasoned: World, cut_short: Callable[[str], None], do: Callable[..., Upkeep]
) -> None:
    cut_short("lamplighter.registry.registration._logged_model")
    client = MlflowClient(seasoned.paths.mlflow, seasoned.paths.mlflow)
    experiment = client.get_experiment_by_name("returns").experiment_id
    foreign = client.create_run(experiment, run_name="somebody else's").info.run_id
    assert do("close_stale_runs", in_days=0.9).done == ()
    assert len(do("close_stale_runs").done) == 1
    killed = client.search_runs([experiment], "attributes.status = 'KILLED'")
    # Trials that were given up are shown as killed, too.
    (ours,) = [run for run in killed if "mlflow.parentRunId" not in run.data.tags]
    assert "still running 24 h after" in ours.data.tags["lamplighter.closed"]
    assert client.get_run(foreign).info.status == "RUNNING"
    seasoned.run(day(53), gate_mode="off")
    assert client.get_run(ours.info.run_id).info.status == "FINISHED"


def test_one_duty_fails_and_the_others_are_done(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Round) -> Upkeep:
        raise RegistryUnavailableError("the registry does not answer")

    monkeypatch.setitem(upkeep.DUTIES, "close_stale_runs", away)
    results = maintain_stores(Round(stores=seasoned.stores, actor=ANNA))
    assert [r for r in results if isinstance(r, Failed)] == [
        Failed("close_stale_runs", "the registry does not answer")
    ]
    assert len(results) == len(DUTIES)


def test_what_deletes_does_not_begin_while_a_backup_is_at_work(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    ledger = seasoned.stores.ledger
    with ledger.alone("back up"):
        for duty in ("tidy_tables", "purge_artifacts", "forget_trials"):
            with pytest.raises(LedgerUnavailableError, match="a backup or another upkeep"):
                do(duty)
    do("tidy_tables")


def test_predictions_keep_their_rows_and_lose_what_a_repeat_replaced(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    predictions = seasoned.stores.predictions
    rows = pd.DataFrame(
        {
            "prediction_id": ["a", "b"],
            "key": ["1", "2"],
            "prediction_time": pd.to_datetime([day(1), day(2)]),
            "prediction": [0.1, 0.2],
            "model_version": "1",
            "as_of": pd.Timestamp(day(3)),
            "features_digest": "0",
            "reasons": None,
            "decision": None,
        }
    )
    for _ in range(2):
        predictions.replace("returns", rows, start=day(0), end=day(3))
    before = predictions.read("returns", start=day(0), end=day(3))
    table = next(t for t in delta_tables(str(seasoned.home / "lake")) if "predictions" in t)
    assert len(list(Path(table).rglob("*.parquet"))) == 4
    age(seasoned, days=OLD)
    _age_log(Path(table))
    do("tidy_tables", in_days=0)
    assert len(list(Path(table).rglob("*.parquet"))) == len(DeltaTable(table).file_uris()) == 2
    pd.testing.assert_frame_equal(predictions.read("returns", start=day(0), end=day(3)), before)


def _age_log(table: Path) -> None:
    """Write into the log that what was replaced, was replaced long ago."""
    for file in (table / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in file.read_text().splitlines()]
        for action in actions:
            if "remove" in action:
                action["remove"]["deletionTimestamp"] -= OLD * 86_400_000
        file.write_text("\n".join(json.dumps(action) for action in actions))


def test_only_logs_of_our_own_dags_go_and_nothing_outside_the_folder(
    seasoned: World, do: Callable[..., Upkeep], tmp_path: Path
) -> None:
    logs, outside = tmp_path / "logs", tmp_path / "outside.log"
    outside.write_text("precious")
    ours = logs / "dag_id=returns__train/run_id=x/task_id=y"
    theirs = logs / "dag_id=payroll__train/run_id=x"
    alike = logs / "dag_id=returns__etl_of_finance"
    for folder in (ours, theirs, alike, logs / "scheduler", logs / "dag_id=lamplighter__maintain"):
        folder.mkdir(parents=True)
        (folder / "attempt=1.log").write_text("said")
    (ours / "linked.log").symlink_to(outside)
    (logs / "dag_id=returns__score").symlink_to(theirs)
    (logs / "dag_id=returns__train/notes.txt").write_text("not a log")
    assert do("delete_old_logs", in_days=20, logs=logs).done == ()
    assert "3 task logs" in do("delete_old_logs", logs=logs).done[0]
    left = {str(p.relative_to(logs)) for p in logs.rglob("*") if p.is_file()}
    assert left == {
        "dag_id=payroll__train/run_id=x/attempt=1.log",
        "dag_id=returns__etl_of_finance/attempt=1.log",
        "scheduler/attempt=1.log",
        "dag_id=returns__train/notes.txt",
    }
    assert outside.read_text() == "precious"
    assert do("delete_old_logs").done == ()


def test_a_late_night_is_found_in_the_folder_of_specs(
    seasoned: World, do: Callable[..., Upkeep]
) -> None:
    seasoned.spec_path = seasoned.folder / "returns.yaml"
    report = do("notice_late_nights", in_days=0, specs=seasoned.folder)
    assert "the night of returns that was due at" in report.found[0]
    seasoned.spec_path.write_text("model: [")
    assert do("notice_late_nights", in_days=0, specs=seasoned.folder).found == ()


def test_less_than_seven_days_of_replaced_files_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 7"):
        Keep(replaced_days=6)
