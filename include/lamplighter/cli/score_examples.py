"""`lamplighter score SPEC --as-of T --out FILE`: score a day's examples into a file."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from lamplighter.cli.output import OK, print_json
from lamplighter.cli.run_night import Display
from lamplighter.cli.stores import acting_user
from lamplighter.cli.times import parse_time
from lamplighter.contracts import RunRequest
from lamplighter.errors import UsageError
from lamplighter.spec import load_spec
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.score_interval import MOST_REASONS, score_frame
from lamplighter.steps.validate_data import validate_data

_WRITERS = {".parquet": "to_parquet", ".csv": "to_csv"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", help="the model's YAML file")
    parser.add_argument("--as-of", metavar="T", help="end of the interval scored; default now")
    parser.add_argument("--from", dest="start", metavar="T", help="its start; default a day before")
    parser.add_argument("--out", required=True, type=Path, help="a .parquet or .csv file")
    parser.add_argument(
        "--reasons",
        type=int,
        default=0,
        choices=range(MOST_REASONS + 1),
        metavar="N",
        help=f"name the N features (at most {MOST_REASONS}) that moved each score most",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Bring the tables up to the time asked for, score, and write the file."""
    spec = load_spec(arguments.spec)
    out: Path = arguments.out
    if out.suffix not in _WRITERS:
        raise UsageError(f"--out: got {out}, expected a file ending in .parquet or .csv")
    if not os.access(out.absolute().parent, os.W_OK):
        raise UsageError(
            f"--out: the folder of {out} is not there or not writable; create it first"
        )
    end = parse_time(arguments.as_of, spec.zone, option="--as-of") if arguments.as_of else None
    end = end or datetime.now(UTC)
    day_before = end - timedelta(days=1)
    start = (
        parse_time(arguments.start, spec.zone, option="--from") if arguments.start else day_before
    )
    if start >= end:
        raise UsageError(f"--from {start.isoformat()} is not before --as-of {end.isoformat()}")
    stores, run_id = Stores.from_environment(), f"cli/{spec.model}/score-{uuid4().hex[:12]}"
    with Display() as display:
        display.began("score")
        request = RunRequest(as_of=end, dry_run=True, reason="scoring into a file")
        resolve_spec(arguments.spec, request, run_id=run_id, actor=acting_user(), stores=stores)
        night = open_night(run_id, stores, say=display.said)
        validate_data(night, ingest_data(night))
        scored = score_frame(night, start=start, end=end, reasons=arguments.reasons)
    partial = out.with_name(f".{out.name}.partial")
    getattr(scored, _WRITERS[out.suffix])(partial, index=False)
    partial.replace(out)
    versions = sorted(scored["model_version"].unique(), key=int)
    if arguments.json:
        print_json({"model": spec.model, "rows": len(scored), "versions": versions, "out": out})
    else:
        print(f"{len(scored):,} examples scored with version {', '.join(versions)}, in {out}")
    return OK
