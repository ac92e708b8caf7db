"""What evaluating a year of flights day by day costs: in one process, and as a backfill.

    .venv/bin/python benchmarks/historic_evaluation.py [--days 365] [--backfill DAYS [--from-day N]]

Makes a home of its own with all flights of 2013 in its lake and five champions in turn.
Then `lamplighter evaluate` judges the days from 1 January on by the champion of each moment, in a
process of its own: three evaluations a day, by the labels known at its end, by those known when all
had matured, and in hindsight. With `--backfill`, the real scheduler of an Airflow of its own then
does so many days, eight runs at once, into a ledger that has none; the rows must be the same. The
days begin N days after the first: a day reads all that was known by then, so late days cost more.

How to read it: `seconds` on the clock, on as many cores as there are and as they are busy; `cpu`
is what was worked meanwhile, in a backfill by all of Airflow: scheduler, tasks, api-server,
dag-processor, and what they forked. `load` is the machine's, so that a busy one is known as such.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT / "scripts"), str(PROJECT / "benchmarks")]

from airflow_rest import AirflowClient, AirflowError  # noqa: E402
from flights_past import make_past, write_spec  # noqa: E402

import stack as stack_script  # noqa: E402
from lamplighter.ledger import Ledger  # noqa: E402
from lamplighter.steps.store_paths import StorePaths  # noqa: E402

PROMOTIONS = [date(2013, 2, 1) + timedelta(days=60 * number) for number in range(5)]
UNTIL = date(2014, 1, 1)
FIRST = datetime(2013, 1, 1, 9, tzinfo=UTC)
DAG = "flights__evaluate"
AT_ONCE = 8
SAY_EVERY_S = 15.0
LEAST_DAYS = 32
HOUR = timedelta(hours=1)
"""Days begin at 09:00 UTC, in summer an hour earlier."""


def main() -> None:
    """Make the home, evaluate, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--backfill", type=int, default=0, metavar="DAYS")
    parser.add_argument("--from-day", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    if arguments.days < LEAST_DAYS:
        parser.error(f"--days: at least {LEAST_DAYS}, for nobody was champion before February")
    if arguments.from_day + arguments.backfill > arguments.days:
        parser.error("a backfill is compared with --days: it cannot go beyond them")
    # So that `kill` and `timeout` end Airflow too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        paths = paths_in(home)
        spec_path = write_spec(home / "models")
        make_past(paths, spec_path, promotions=PROMOTIONS, until=UNTIL)
        copy_database(home / "ledger.db", home / "empty.db")
        print(f"{'':28} {'days':>5} {'rows':>6} {'seconds':>8} {'cpu':>7} {'load':>5}")
        one_process(home, paths, days=arguments.days)
        if arguments.backfill:
            first, days = arguments.from_day, arguments.backfill
            expected = rows_of(paths, first=first, days=days)
            copy_database(home / "empty.db", home / "ledger.db")
            backfill(home, paths, first=first, days=days)
            same = rows_of(paths, first=first, days=days) == expected
            print(f"the same rows: {'yes' if same else 'NO'}")


def paths_in(home: Path) -> StorePaths:
    """Name the stores in a folder."""
    return StorePaths(
        home=str(home),
        lake=f"{home}/lake",
        artifacts=f"{home}/lake/artifacts",
        ledger=f"sqlite:///{home}/ledger.db",
        mlflow=f"sqlite:///{home}/mlflow.db",
    )


def one_process(home: Path, paths: StorePaths, *, days: int) -> None:
    """Run the command, and print what it took."""
    end = (FIRST + timedelta(days=days)).date()
    command = ["evaluate", "flights", "--from", f"{FIRST:%Y-%m-%d}", "--to", str(end)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "lamplighter.cli.main", *command],
        check=True,
        env=os.environ | {"LAMPLIGHTER_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    show("lamplighter evaluate", days, len(rows_of(paths, days=days)), seconds, f"{cpu:7.1f}")


def backfill(home: Path, paths: StorePaths, *, first: int, days: int) -> None:
    """Let the scheduler do it, and print what that took."""
    ports = [free_port(), free_port()]
    os.environ |= {"LAMPLIGHTER_PORT": str(ports[0]), "LAMPLIGHTER_MLFLOW_PORT": str(ports[1])}
    try:
        stack = stack_script.up(home, extra_env={"LAMPLIGHTER_MODELS": str(home / "models")})
        airflow = AirflowClient(
            f"http://127.0.0.1:{ports[0]}", user="admin", password=stack.facts["password"]
        )
        began, worked = time.monotonic(), cpu_of(stack)
        asked = {
            "dag_id": DAG,
            "from_date": (FIRST + timedelta(days=first) - HOUR).isoformat(),
            "to_date": (FIRST + timedelta(days=first + days - 1)).isoformat(),
            "max_active_runs": AT_ONCE,
            "reprocess_behavior": "completed",
        }
        # Paused meanwhile: on SQLite, runs that begin while others are being created fail.
        airflow.set_paused(DAG, True)
        number = created(airflow, asked)
        airflow.set_paused(DAG, False)
        said = began
        while not airflow._ask("GET", f"/api/v2/backfills/{number}")["completed_at"]:
            if stack.dead:
                raise SystemExit(f"{stack.dead[0].name} has died; see {stack.dead[0].log}")
            if time.monotonic() - said >= SAY_EVERY_S:
                said = time.monotonic()
                tell(
                    paths, first=first, days=days, seconds=said - began, cpu=cpu_of(stack) - worked
                )
            time.sleep(2)
        seconds, cpu = time.monotonic() - began, cpu_of(stack) - worked
        rows = rows_of(paths, first=first, days=days)
        show("backfill by the scheduler", days, len(rows), seconds, f"{cpu:7.1f}")
        print(f"{cpu / days:.2f} CPU seconds a day")
    finally:
        stack_script.down(home)


def created(airflow: AirflowClient, asked: dict[str, Any]) -> int:
    """Ask for a backfill; again where Airflow's SQLite was busy, or has made one by half."""
    while True:
        try:
            return int(airflow._ask("POST", "/api/v2/backfills", asked)["id"])
        except AirflowError as error:
            if not any(f"answered with {code}" in str(error) for code in (500, 503, 409)):
                raise
            print(f"not created: {str(error)[:200]}", flush=True)
        time.sleep(1)
        for half in airflow._ask("GET", f"/api/v2/backfills?dag_id={DAG}")["backfills"]:
            if half["completed_at"] is None:
                with contextlib.suppress(AirflowError):  # it may have gone by itself meanwhile
                    airflow._ask("PUT", f"/api/v2/backfills/{half['id']}/cancel")


def cpu_of(stack: Any) -> float:
    """Return the CPU seconds of all that a stack started, and of what that has forked."""
    total = 0.0
    for started in stack.processes:
        with contextlib.suppress(psutil.Error):
            leader = psutil.Process(started.pid)
            for process in [leader, *leader.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    total += sum(process.cpu_times()[:4])  # with children that have ended
    return total


def tell(paths: StorePaths, *, first: int, days: int, seconds: float, cpu: float) -> None:
    """Print how far a backfill is, and what the whole of it would take at this pace."""
    done = len({row["interval_start"] for row in rows_of(paths, first=first, days=days)})
    if done:
        left = f"{seconds * days / done:,.0f} s in all at this pace"
        print(f"{done} of {days} days after {seconds:.0f} s, {cpu:.0f} CPU s; {left}", flush=True)


def rows_of(paths: StorePaths, *, first: int = 0, days: int) -> list[dict[str, Any]]:
    """Return the evaluations of some days, without what depends on when they were stored."""
    start = FIRST + timedelta(days=first) - HOUR
    end = FIRST + timedelta(days=first + days)
    found = Ledger.open(paths.ledger).evaluations("flights", start=start, end=end)
    plain = [dict(vars(row)) for row in found]
    for row in plain:
        del row["id"], row["recorded_at"]
    return sorted(plain, key=lambda row: str(row["key"]))


def show(name: str, days: int, rows: int, seconds: float, cpu: str) -> None:
    """Print one line."""
    load = os.getloadavg()[0]
    print(f"{name:28} {days:>5} {rows:>6} {seconds:>8.1f} {cpu} {load:>5.1f}", flush=True)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite file with all that was committed."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    main()
