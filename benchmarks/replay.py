"""How long a replay of flights takes, policy by policy, and what the policies come to.

    .venv/bin/python benchmarks/replay.py [--days 300] [--trials 5] [--policy weekly ...]
        [--gate on|off] [--algorithm xgboost ...] [--to 2013-12-20] [--home DIR] [--html OUT]

Ingests 2013 into a home of its own (kept and used again with `--home`), replays the days before
`--to` under each policy, and then the same again. Prints the seconds of both, CPU, load and the
numbers. The trainings are those of the shipped spec but for the budget, on all rows known by the
night: `--trials` trials each, of all algorithms or of those that are named. Targets, two quiet
cores, 300 days, 5 trials a training: weekly at most 15 minutes, nightly at most 45, the second time
seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lamplighter.contracts import Actor
from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.page import render_replay
from lamplighter.steps.replay.replay import replay
from lamplighter.steps.store_paths import StorePaths

_SPEC = Path(__file__).resolve().parents[1] / "include" / "models" / "flights.yaml"
_ZONE = ZoneInfo("America/New_York")
_ME = Actor(name="benchmark", kind="os_user")


def main() -> None:
    """Ingest, replay twice, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--policy", action="append")
    parser.add_argument("--gate", choices=("on", "off"), default="on")
    parser.add_argument("--algorithm", action="append", help="only these are searched")
    parser.add_argument("--to", default="2013-12-20", help="end of the last day")
    parser.add_argument("--home")
    parser.add_argument("--html")
    asked = parser.parse_args()
    spec = load_spec(_SPEC)
    if asked.algorithm:
        document = spec.document()
        document["search"]["algorithms"] = asked.algorithm
        spec = ModelSpec.model_validate(document)
    kept = nullcontext(asked.home) if asked.home else tempfile.TemporaryDirectory()
    with kept as home:
        stores = _ingested(spec, Path(home))
        for policy in asked.policy or ("weekly", "nightly"):
            document = _measured(spec, stores, home, policy, asked)
            if asked.html:
                Path(asked.html).write_text(render_replay(document), encoding="utf-8")


def _measured(
    spec: ModelSpec, stores: Stores, home: str, policy: str, asked: argparse.Namespace
) -> dict[str, Any]:
    document: dict[str, Any] = {}
    end = datetime.fromisoformat(asked.to).replace(tzinfo=_ZONE)
    for attempt in ("first", "again"):
        wall, cpu = time.monotonic(), _cpu()
        document = replay(
            spec,
            stores,
            home=home,
            start=end - timedelta(days=asked.days),
            end=end,
            policies=(policy,),
            gates=(asked.gate,),
            trials=asked.trials,
            actor=_ME,
            paths=_paths(Path(home)),
        )
        (account,) = document["accounts"]
        print(
            f"{policy}, gate {asked.gate}, {asked.days} days, {asked.trials} trials, {attempt}: "
            f"{time.monotonic() - wall:.0f} s wall, {_cpu() - cpu:.0f} s CPU, load "
            f"{os.getloadavg()[0]:.1f}; {account['trainings']} trainings, "
            f"{account['promotions']} promotions, {account['false_promotions']} false, "
            f"log-loss {account['mean_loss']:.5f}, regret {account['regret']:.5f}",
            flush=True,
        )
    return document


def _ingested(spec: ModelSpec, home: Path) -> Stores:
    """Let the year into the lake, without looking at it: that is not what is measured."""
    home.mkdir(parents=True, exist_ok=True)
    stores = Stores.open(_paths(home))
    until = datetime(2013, 12, 31, tzinfo=_ZONE)
    for name, table in spec.data.tables.items():
        if stores.lake.ingested_until(spec.model, name) is None:
            read = read_source(table, since=None, until=until, known_columns=None)
            rows = conform(read, name, table, known_columns=None)
            first = spec.time.start if spec.time else None
            stores.lake.publish(spec.model, name, table, rows, until=until, start=first)
    return stores


def _paths(home: Path) -> StorePaths:
    return StorePaths(
        home=str(home),
        lake=str(home / "lake"),
        artifacts=str(home / "lake" / "artifacts"),
        ledger=f"sqlite:///{home / 'ledger.db'}",
        mlflow=f"sqlite:///{home / 'mlflow.db'}",
    )


def _cpu() -> float:
    """Return the CPU seconds of this process and of those that it started and that have ended."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, kinds))


if __name__ == "__main__":
    main()
