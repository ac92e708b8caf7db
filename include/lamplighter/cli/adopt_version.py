"""`lamplighter adopt MODEL --version N`: make a version that MLflow already holds the champion."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from lamplighter.cli.output import OK, complain, print_json
from lamplighter.cli.run_night import Display
from lamplighter.cli.show_history import as_document
from lamplighter.cli.stores import acting_user
from lamplighter.cli.times import parse_time
from lamplighter.contracts import RunRequest
from lamplighter.errors import UsageError
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.adopt_version import adopt_version
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("--version", required=True, help="its number in MLflow")
    parser.add_argument("--reason", required=True, help="why; stands in the ledger for good")
    parser.add_argument("--spec", type=Path, help="default MODEL.yaml in the folder of specs")
    parser.add_argument(
        "--as-of", metavar="T", help="try it on examples before; default: the newest"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Try the version on the newest examples, make it champion, and say so."""
    path = arguments.spec or _default_path(arguments.model)
    spec = load_spec(path)
    if spec.model != arguments.model:
        raise UsageError(f"{path} declares the model {spec.model}, not {arguments.model}")
    stores, actor = Stores.from_environment(), acting_user()
    asked = arguments.as_of
    as_of = parse_time(asked, spec.zone, option="--as-of") if asked else _newest(stores, spec)
    request = RunRequest(as_of=as_of, dry_run=True, reason=f"adopting version {arguments.version}")
    run_id = f"cli/{spec.model}/adopt-{uuid4().hex[:12]}"
    with Display() as display:
        display.began("adopt")
        resolve_spec(path, request, run_id=run_id, actor=actor, stores=stores)
        night = open_night(run_id, stores, say=display.said)
        release, warning = adopt_version(
            night, arguments.version, reason=arguments.reason, actor=actor
        )
    if warning:
        complain(warning)
    if arguments.json:
        print_json({"model": spec.model, "champion": as_document(release)})
    else:
        print(
            f"version {release.version} is champion of {spec.model} "
            f"from {release.valid_from:%Y-%m-%d %H:%M:%S %Z} on"
        )
    return OK


def _default_path(model: str) -> Path:
    folder = Path(os.environ.get("LAMPLIGHTER_MODELS") or "include/models")
    path = folder / f"{model}.yaml"
    if not path.is_file():
        raise UsageError(f"there is no {path}; give the model's spec with --spec")
    return path


def _newest(stores: Stores, spec: ModelSpec) -> datetime:
    """Return up to when all tables were ingested; now, if one was not."""
    reached = [stores.lake.ingested_until(spec.model, name) for name in spec.data.tables]
    known = [until for until in reached if until is not None]
    return min(known) if len(known) == len(reached) else datetime.now(UTC)
