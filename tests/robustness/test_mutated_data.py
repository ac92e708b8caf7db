"""Five hundred spoilt data files: a clear error, or rows of the types that were promised."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.column_types import type_of
from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.errors import LamplighterError
from lamplighter.spec import load_spec
from robustness.broken_files import spoil
from robustness.early_night import LONGEST_MESSAGE, champion_of, early_night, small_world
from robustness.test_mutated_specs import FIXED, SEEDS
from world import World, day

TABLES = {"visits": ("parquet", "visits.parquet"), "outcomes": ("csv", "outcomes.csv")}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world whose champion is of day 24."""
    found = small_world(tmp_path_factory.mktemp("data"))
    found.run(day(24))
    assert champion_of(found) is not None
    return found


@settings(parent=FIXED)
@given(name=st.sampled_from(sorted(TABLES)), seed=SEEDS, first=st.booleans())
def test_a_spoilt_file_is_refused_in_words_or_read_with_the_promised_types(
    world: World, name: str, seed: int, first: bool
) -> None:
    table = load_spec(world.spec_path).data.tables[name]
    kind, file = TABLES[name]
    path = world.folder / f"spoilt.{kind}"
    path.write_bytes(spoil(whole(world.folder / file, kind), Random(seed), kind=kind))
    table = table.model_copy(update={"source": table.source.model_copy(update={kind: str(path)})})
    known = None if first else world.stores.lake.columns("returns", name)
    since = None if first else day(20)
    refused = None
    try:
        rows = read_source(table, since=since, until=day(27), known_columns=known)
        rows = conform(rows, name, table, known_columns=known)
    except LamplighterError as error:
        refused = str(error)
    if refused is not None:
        assert 0 < len(refused) < LONGEST_MESSAGE
        return
    promised = {**(known or {}), **table.columns}
    for column, wanted in promised.items():
        assert type_of(rows[column]) in (wanted, None)


def spoilt_nights(world: World, seeds: range, folder: Path) -> int:
    """Begin a night with each spoilt file, in a copy of the world; return how many were stopped."""
    stopped = 0
    for seed in seeds:
        random = Random(seed)
        copy = copied(world, folder / str(seed))
        name = random.choice(sorted(TABLES))
        kind, file = TABLES[name]
        path = copy.folder / file
        path.write_bytes(spoil(whole(path, kind), random, kind=kind))
        before, rows = champion_of(copy), stored(copy)
        problem = early_night(copy, copy.spec_path, as_of=day(27), run_id=f"spoilt/{seed}")
        assert champion_of(copy) == before
        if problem is not None:
            stopped += 1
            assert stored(copy) in (rows, stored_by(copy, day(27)))
        shutil.rmtree(copy.folder)
    return stopped


def test_a_night_with_a_spoilt_file_ends_in_words_and_leaves_the_champion(
    world: World, tmp_path: Path
) -> None:
    assert spoilt_nights(world, range(20), tmp_path) >= 5


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_five_hundred_nights_with_spoilt_files_leave_the_champion(
    world: World, tmp_path: Path
) -> None:
    assert spoilt_nights(world, range(1_000, 1_500), tmp_path) >= 150


def whole(path: Path, kind: str) -> pd.DataFrame:
    return pd.read_parquet(path) if kind == "parquet" else pd.read_csv(path)


def copied(world: World, folder: Path) -> World:
    """Copy a world with its stores."""
    shutil.copytree(world.folder, folder)
    copy = World.__new__(World)
    copy.__dict__.update(world.__dict__)
    copy.folder, copy.home = folder, folder / "home"
    copy.spec_path = folder / world.spec_path.name
    text = copy.spec_path.read_text().replace(str(world.folder), str(folder))
    copy.spec_path.write_text(text)
    copy.paths = replace(
        world.paths,
        **{
            name: str(getattr(world.paths, name)).replace(str(world.folder), str(folder))
            for name in ("lake", "artifacts", "ledger", "mlflow")
        },
    )
    return copy


def stored(world: World) -> dict[str, object]:
    """Return up to when each table was let in."""
    return {name: world.stores.lake.ingested_until("returns", name) for name in TABLES}


def stored_by(world: World, until: object) -> dict[str, object]:
    return dict.fromkeys(TABLES, until)
