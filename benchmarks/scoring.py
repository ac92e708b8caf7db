"""What scoring most of a year of flights costs: memory at its peak, and flights a second.

    .venv/bin/python benchmarks/scoring.py [--reasons 3]

Trains a champion as of 15 February 2013 in a home of its own, with three trials, and ingests the
rest of the year. Then scores every flight from then to the end of December in one interval, three
times, each in a process of its own: with features of the whole interval in memory at once, in
slices as shipped, and in slices a fifth as large. With `--reasons`, also a day with reasons.

How to read it: `peak` is the resident memory of the process at its highest, `tables` what it was
once examples and tables were read, which no slicing changes. The digests must be equal.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from lamplighter.contracts import Actor, RunRequest
from lamplighter.data.digests import frame_digest
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import BATCH_ROWS, score_frame
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.validate_data import validate_data
from lamplighter.steps.whole_night import run_night

SPEC = Path(__file__).parents[1] / "include/models/flights.yaml"
NEW_YORK = ZoneInfo("America/New_York")
START = datetime(2013, 2, 15, tzinfo=NEW_YORK).astimezone(UTC)
END = datetime(2013, 12, 31, tzinfo=NEW_YORK).astimezone(UTC)
ACTOR = Actor(name="benchmark", kind="os_user")
CASES = {"the whole interval at once": 10**9, "as shipped": BATCH_ROWS, "small": BATCH_ROWS // 5}


def main() -> None:
    """Prepare the lake and the champion, score in processes of their own, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reasons", type=int, default=0)
    parser.add_argument("--child", nargs=3, metavar=("HOME", "ROWS", "REASONS"))
    arguments = parser.parse_args()
    if arguments.child:
        home, rows, reasons = arguments.child
        print(json.dumps(measure(home, batch_rows=int(rows), reasons=int(reasons))))
        return
    with tempfile.TemporaryDirectory() as home:
        prepare(home)
        print(f"{'features in memory':32} {'rows a slice':>12} {'flights':>9} {'flights/s':>10} "
              f"{'tables MB':>10} {'peak MB':>8}  digest")  # fmt: skip
        for name, rows in CASES.items():
            show(name, rows, in_a_process(home, rows, 0))
        if arguments.reasons:
            found = in_a_process(home, BATCH_ROWS, arguments.reasons)
            show(f"a day with {arguments.reasons} reasons", BATCH_ROWS, found)


def show(name: str, rows: int, found: dict[str, float]) -> None:
    """Print one line."""
    size = "all" if rows >= 10**9 else f"{rows:,}"
    print(f"{name:32} {size:>12} {found['rows']:>9,} {found['rows'] / found['seconds']:>10,.0f} "
          f"{found['tables_mb']:>10,.0f} {found['peak_mb']:>8,.0f}  {found['digest']}")  # fmt: skip


def in_a_process(home: str, rows: int, reasons: int) -> dict[str, float]:
    """Measure in a process of its own, since a peak is for life."""
    done = subprocess.run(
        [sys.executable, __file__, "--child", home, str(rows), str(reasons)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(home: str, *, batch_rows: int, reasons: int) -> dict[str, object]:
    """Score the interval, or with reasons its first day, and say what it took."""
    night = open_night("scoring", stores_of(home))
    end = START + timedelta(days=1) if reasons else END
    tables_mb = _after_reading(night, end)
    began = time.monotonic()
    scored = score_frame(night, start=START, end=end, batch_rows=batch_rows, reasons=reasons)
    return {
        "rows": len(scored),
        "seconds": time.monotonic() - began,
        "tables_mb": tables_mb,
        "peak_mb": _peak_mb(),
        "digest": frame_digest(scored, sort_by=["prediction_id"])[:12],
    }


def _after_reading(night: Night, end: datetime) -> float:
    interval_examples(night.spec, night.lake, start=START, end=end)
    feature_view(night.spec, night.lake, as_of=end)
    return _peak_mb()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def prepare(home: str) -> None:
    """Train a champion quickly, and ingest the rest of the year."""
    stores = stores_of(home)
    request = RunRequest(as_of=START, trials=3)
    run_night(SPEC, request, run_id="champion", actor=ACTOR, stores=stores)
    resolve_spec(SPEC, RunRequest(as_of=END), run_id="scoring", actor=ACTOR, stores=stores)
    night = open_night("scoring", stores)
    validate_data(night, ingest_data(night))


def stores_of(home: str) -> Stores:
    """Open the stores in a folder."""
    lake = f"{home}/lake"
    return Stores.open(
        StorePaths(
            lake=lake,
            artifacts=f"{lake}/artifacts",
            ledger=f"sqlite:///{home}/ledger.db",
            mlflow=f"sqlite:///{home}/mlflow.db",
        )
    )


if __name__ == "__main__":
    main()
