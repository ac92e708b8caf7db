"""`lamplighter init NAME --data FILE --target COLUMN`: a commented starter spec from the data."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from lamplighter.cli.output import OK, print_json
from lamplighter.errors import UsageError
from lamplighter.steps.init_spec import Wish, init_spec
from lamplighter.steps.starter.starter import Findings


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", help="the model's name, such as late_flights")
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="FILE", help="Parquet or CSV files, or folders"
    )
    parser.add_argument("--target", required=True, metavar="COLUMN", help="what is to be predicted")
    parser.add_argument(
        "--key", nargs="+", default=[], metavar="COLUMN", help="what tells rows apart; else guessed"
    )
    parser.add_argument("--time", metavar="COLUMN", help="when an example happens; else guessed")
    parser.add_argument("--task", choices=("binary", "multiclass", "regression"))
    parser.add_argument("--owner", metavar="TEAM", help="who answers for the model")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default $LAMPLIGHTER_MODELS, or include/models"
    )
    parser.add_argument("--force", action="store_true", help="replace a spec that is there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Write the spec and say what to do next."""
    wish = Wish(
        model=arguments.name,
        data=tuple(arguments.data),
        target=arguments.target,
        key=tuple(arguments.key),
        time=arguments.time,
        task=arguments.task,
        owner=arguments.owner,
    )
    out = _folder(arguments.out) / f"{arguments.name}.yaml"
    found = init_spec(wish, out=out, now=datetime.now(UTC), force=arguments.force)
    night = f"lamplighter run {out}" + (f" --as-of {found.span.as_of}" if found.span else "")
    if arguments.json:
        print_json({"model": found.model, "spec": out, "task": found.target.task, "next": night})
        return OK
    print(f"{out}: {_summary(found)}")
    print(f"  1. read it through, above all {_to_look_at(found)}")
    print(f"  2. lamplighter check {out}")
    print(f"  3. {night}")
    return OK


def _folder(asked: Path | None) -> Path:
    folder = asked or Path(os.environ.get("LAMPLIGHTER_MODELS") or "include/models")
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder} to write the spec to; name one with --out, or set "
            "LAMPLIGHTER_MODELS"
        )
    return folder


def _summary(found: Findings) -> str:
    rows = f"{len(found.examples.frame):,} rows" + ("" if found.examples.whole else " looked at")
    days = f" of {found.span.days} days to {found.span.last}" if found.span else ", without time"
    return f"{found.target.task} of {found.column} from {rows}{days}"


def _to_look_at(found: Findings) -> str:
    named = ["data.tables: key"]
    if found.span is not None:
        named.append("time: lead and label_delay")
    if found.drop or found.leaks or found.doubtful:
        named.append(f"features.drop ({len(found.drop) + len(found.leaks)} left out)")
    return ", ".join(named)
