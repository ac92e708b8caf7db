"""A small world for tests: a spec, its sources as files, and stores of its own."""

from __future__ import annotations

import copy
import itertools
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lamplighter.contracts import Actor, RunReport, RunRequest
from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.registry.relocation import files_of, relocate
from lamplighter.spec import load_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.whole_night import run_night

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 60
ROWS_PER_DAY = 60
_run_ids = itertools.count()


def visits(*, days: int = DAYS, signal: float = 2.0, seed: int = 0) -> pd.DataFrame:
    """Make visits whose outcome depends on two numbers and a city, and is known 20 h later."""
    random = np.random.default_rng(seed)
    n = days * ROWS_PER_DAY
    seconds = np.sort(random.integers(0, days * 86_400, n))
    frame = pd.DataFrame(
        {
            "visit_id": np.arange(n),
            "seen_at": pd.Timestamp(START) + pd.to_timedelta(seconds, unit="s"),
            "age": random.normal(40, 12, n).round(1),
            "spend": random.gamma(2.0, 30.0, n).round(2),
            "noise": random.normal(size=n).round(4),
            "city": random.choice(["Bern", "Cork", "Lima"], n, p=[0.5, 0.3, 0.2]),
        }
    )
    score = signal * ((frame["age"] - 40) / 12 + (frame["city"] == "Lima") - 0.4)
    frame["returned"] = (random.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    return frame


@dataclass
class World:
    """A spec and its two tables, visits and outcomes, in a folder of their own."""

    folder: Path
    visits: pd.DataFrame = field(default_factory=visits)

    def __post_init__(self) -> None:
        self.spec_path = self.folder / "returns.yaml"
        self.home = self.folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.paths = StorePaths(
            lake=str(self.home / "lake"),
            artifacts=str(self.home / "lake" / "artifacts"),
            ledger=f"sqlite:///{self.home / 'ledger.db'}",
            mlflow=f"sqlite:///{self.home / 'mlflow.db'}",
        )
        self.document: dict[str, Any] = {
            "model": "returns",
            "owner": {"team": "shop"},
            "task": "binary",
            "time": {"start": "2024-01-01", "label_delay": "1d"},
            "data": {
                "examples": "visits",
                "target": "outcomes.returned",
                "tables": {
                    "visits": {
                        "source": {"parquet": str(self.folder / "visits.parquet")},
                        "key": ["visit_id"],
                        "event_time": "seen_at",
                        "available_at": "seen_at",
                    },
                    "outcomes": {
                        "source": {"csv": str(self.folder / "outcomes.csv")},
                        "key": ["visit_id"],
                        "event_time": "seen_at",
                        "available_at": "known_at",
                        "columns": {"returned": "int"},
                    },
                },
            },
            "search": {"algorithms": ["xgboost", "linear"], "trials": 3, "budget_s": None},
            "split": {"holdout_days": 12, "folds": 2},
        }
        self.write()

    def write(self) -> None:
        """Write the sources and the spec as they are now."""
        features = self.visits.drop(columns=["returned", "known_at"], errors="ignore")
        features.to_parquet(self.folder / "visits.parquet", index=False)
        outcomes = self.visits[["visit_id", "seen_at", "returned"]].copy()
        if "known_at" in self.visits:
            outcomes["known_at"] = self.visits["known_at"]
        else:
            outcomes["known_at"] = outcomes["seen_at"] + timedelta(hours=20)
        outcomes.to_csv(self.folder / "outcomes.csv", index=False)
        self.spec_path.write_text(yaml.safe_dump(self.document, sort_keys=False))

    def ingest(self, *times: datetime) -> None:
        """Let what the sources say by these times into the lake, without looking at it."""
        spec, lake = load_spec(self.spec_path), self.stores.lake
        for until in times:
            for name, table in spec.data.tables.items():
                since = lake.ingested_until(spec.model, name)
                read = read_source(table, since=since, until=until, known_columns=None)
                rows = conform(read, name, table, known_columns=None)
                lake.publish(spec.model, name, table, rows, until=until, start=START.date())

    @property
    def stores(self) -> Stores:
        return Stores.open(self.paths)

    def run(self, as_of: datetime, *, run_id: str | None = None, **asked: Any) -> RunReport:
        """Do one night in this process."""
        return run_night(
            self.spec_path,
            RunRequest(as_of=as_of, **asked),
            run_id=run_id or f"test/{next(_run_ids)}",
            actor=Actor(name="tester", kind="os_user"),
            stores=self.stores,
            threads=1,
        )

    def copied(self, folder: Path) -> World:
        """Copy the world with all it has stored into a new folder, to change it there."""
        shutil.copytree(self.folder, folder)
        world = copy.copy(self)
        world.document = copy.deepcopy(self.document)
        world.folder, world.home = folder, folder / "home"
        world.spec_path = folder / self.spec_path.name
        relocate(
            world.home / "mlflow.db",
            old_root=files_of(self.home / "mlflow.db").as_uri(),
            new_root=files_of(world.home / "mlflow.db").as_uri(),
        )
        world.paths = replace(
            self.paths,
            home=str(world.home),
            lake=str(world.home / "lake"),
            artifacts=str(world.home / "lake" / "artifacts"),
            ledger=f"sqlite:///{world.home / 'ledger.db'}",
            mlflow=f"sqlite:///{world.home / 'mlflow.db'}",
        )
        return world


def day(number: int, hour: int = 0) -> datetime:
    """Return midnight, or an hour, of a day of the world, from 0."""
    return START + timedelta(days=number, hours=hour)
