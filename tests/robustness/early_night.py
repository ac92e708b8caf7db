"""The first half of a night in a very small world, up to the check for leaks: no training."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import LamplighterError
from lamplighter.steps.check_leakage import check_leakage
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.select_features import select_features
from lamplighter.steps.validate_data import validate_data
from world import World, visits

LONGEST_MESSAGE = 5_000


def small_world(folder: Path) -> World:
    """Make 28 days of some twenty visits each."""
    rows = visits(days=28).iloc[::3].reset_index(drop=True)
    world = World(folder, rows)
    world.document["search"]["trials"] = 2
    world.document["split"]["holdout_days"] = 8
    world.write()
    return world


def early_night(
    world: World, spec_path: Path, *, as_of: datetime, run_id: str
) -> LamplighterError | None:
    """Do a night's first half; return what stopped it. Anything but a clear error is raised."""
    stores = world.stores
    actor = Actor(name="tester", kind="os_user")
    try:
        resolve_spec(spec_path, RunRequest(as_of=as_of), run_id=run_id, actor=actor, stores=stores)
        night = open_night(run_id, stores, threads=1)
        examples = select_features(night, validate_data(night, ingest_data(night)))
        check_leakage(night, examples)
    except LamplighterError as error:
        stopped = error
    else:
        return None
    assert 0 < len(str(stopped)) < LONGEST_MESSAGE
    return stopped


def champion_of(world: World) -> Any:
    """Return who is champion by the ledger, and by the registry's alias."""
    stores = world.stores
    champion = stores.ledger.champion("returns")
    return None if champion is None else (champion, stores.registry.alias("returns", "champion"))
