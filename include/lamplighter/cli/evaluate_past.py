"""`lamplighter evaluate MODEL --from --to`: how the champions of past days did."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.run_night import Display
from lamplighter.cli.stores import refuse_unknown
from lamplighter.cli.times import parse_time
from lamplighter.errors import UsageError
from lamplighter.evaluation.historic_report import render_range
from lamplighter.evaluation.wording import count
from lamplighter.spec import ModelSpec
from lamplighter.steps.historic.document import range_document
from lamplighter.steps.historic.whole_range import evaluate_range
from lamplighter.steps.last_spec import last_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.usable_cores import usable_cores


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument(
        "--from", dest="start", required=True, metavar="T", help="days that begin then or later"
    )
    parser.add_argument("--to", dest="end", required=True, metavar="T", help="and before then")
    parser.add_argument(
        "--by",
        action="append",
        metavar="WHO",
        help="who is judged: champion (of each moment, the default), current or version:N; may be "
        "given several times, for several lines",
    )
    parser.add_argument(
        "--knowledge-time",
        metavar="T",
        help="judge by labels known until then; default: when the day ended, and when all labels "
        "had matured",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate each day of the range that the ledger does not hold yet, and print all of them."""
    if arguments.html is not None and not arguments.html.absolute().parent.is_dir():
        raise UsageError(f"--html: the folder of {arguments.html} is not there; create it first")
    stores = Stores.from_environment()
    refuse_unknown(stores.ledger, arguments.model)
    document = last_spec(stores.ledger, arguments.model)
    if document is None:
        raise UsageError(f"{arguments.model} never ran on the live timeline; run a night first")
    spec = ModelSpec.model_validate(document)
    start, end = (
        parse_time(getattr(arguments, name), spec.zone, option=option)
        for name, option in (("start", "--from"), ("end", "--to"))
    )
    if end <= start:
        raise UsageError(f"--to {arguments.end} is not after --from {arguments.start}")
    known = arguments.knowledge_time
    with Display() as display:
        display.began("evaluate")
        found = evaluate_range(
            stores,
            spec,
            start=start,
            end=end,
            by=arguments.by or ["champion"],
            knowledge_time=parse_time(known, spec.zone, option="--knowledge-time")
            if known
            else None,
            threads=usable_cores(),
            say=display.said,
        )
    told = range_document(spec, found, stores.ledger.releases(spec.model))
    if arguments.html is not None:
        arguments.html.write_text(render_range(told), encoding="utf-8")
    if arguments.json:
        print_json(told)
    else:
        _print(told)
        if arguments.html is not None:
            print(f"Report: {arguments.html}")
    return OK


def _print(document: dict[str, Any]) -> None:
    metric = document["metric"]
    rows = [
        (
            row["version"],
            row["chosen_by"],
            row["days"],
            f"{row['labelled_rows']:,} of {row['rows']:,}",
            _shown(row["metrics"].get(metric)),
            "-" if row["gap"] is None else f"{row['gap']['value']:+.4f}",
            "; ".join([*_notes(row), *row["problems"]]),
        )
        for row in document["summary"]
    ]
    columns = ("version", "chosen by", "days", "labelled", metric, "smaller in hindsight", "")
    print_table(
        f"{document['model']}, {document['days'][0]} to {document['days'][-1]}", columns, rows
    )
    for change in document["changes"]:
        print(f"{change['at']}: champion {change['from_version'] or 'none'} -> "
              f"{change['to_version']}")  # fmt: skip
    if document["without"]:
        print(f"no champion on {_days_of(document['without'])}")


def _days_of(days: list[str]) -> str:
    if len(days) == 1:
        return f"{days[0]}, at least in part"
    return f"{count(len(days), 'day')}, at least in part, from {days[0]} to {days[-1]}"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _notes(row: dict[str, Any]) -> list[str]:
    days = row["days_trained_before"]
    verb = "lies" if days == 1 else "lie"
    return [f"{days} of its days {verb} before the end of its training"] if days else []
