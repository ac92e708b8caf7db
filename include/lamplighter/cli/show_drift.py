"""`lamplighter drift SPEC --as-of T`: which columns changed; reads the lake, writes nothing."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.times import parse_time
from lamplighter.errors import UsageError
from lamplighter.monitoring.report import render_drift
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.measure_drift import measure_against_days, measure_drift
from lamplighter.steps.night import Stores

_SHOWN = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", help="the model's YAML file")
    parser.add_argument("--as-of", metavar="T", help="the window ends before it; default now")
    parser.add_argument("--days", type=int, metavar="N", help="whole days; default as in the spec")
    parser.add_argument(
        "--reference-from", metavar="T", help="compare with the days from this one on"
    )
    parser.add_argument("--reference-to", metavar="T", help="and before this one")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Compare what the lake holds, and print the columns that drifted."""
    spec = load_spec(arguments.spec)
    if arguments.days is not None and arguments.days < 1:
        raise UsageError(f"--days: got {arguments.days}, expected a whole number above 0")
    if arguments.html is not None and not arguments.html.absolute().parent.is_dir():
        raise UsageError(f"--html: the folder of {arguments.html} is not there; create it first")
    asked = arguments.as_of
    as_of = parse_time(asked, spec.zone, option="--as-of") if asked else datetime.now(UTC)
    stores = Stores.from_environment()
    document = _measure(stores, spec, arguments, as_of)
    document["notes"] += _not_ingested(stores, spec, as_of)
    if arguments.html is not None:
        arguments.html.write_text(render_drift(document), encoding="utf-8")
    if arguments.json:
        print_json(document)
    else:
        _print(document)
        if arguments.html is not None:
            print(f"Report: {arguments.html}")
    return OK


def _measure(
    stores: Stores, spec: ModelSpec, arguments: argparse.Namespace, as_of: datetime
) -> dict[str, Any]:
    start, end = arguments.reference_from, arguments.reference_to
    if (start is None) != (end is None):
        raise UsageError("give both --reference-from and --reference-to, or neither")
    if start is None:
        before = as_of - timedelta(microseconds=1)
        champion = stores.ledger.champion(spec.model, at=before)
        return measure_drift(stores, spec, as_of=as_of, champion=champion, days=arguments.days)
    first = parse_time(start, spec.zone, option="--reference-from").astimezone(spec.zone).date()
    until = parse_time(end, spec.zone, option="--reference-to").astimezone(spec.zone).date()
    if until <= first:
        raise UsageError(f"--reference-to {until} is not after --reference-from {first}")
    last = until - timedelta(days=1)
    return measure_against_days(
        stores, spec, as_of=as_of, first=first, last=last, days=arguments.days
    )


def _not_ingested(stores: Stores, spec: ModelSpec, as_of: datetime) -> list[str]:
    """Say which tables end before the window does: what is missing there is no drift."""
    midnight = datetime.combine(as_of.astimezone(spec.zone).date(), time(), tzinfo=spec.zone)
    reached = {name: stores.lake.ingested_until(spec.model, name) for name in spec.data.tables}
    return [
        f"the lake knows {name} only until {until.astimezone(spec.zone):%Y-%m-%d %H:%M}, so the "
        "window lacks rows that would be there"
        for name, until in reached.items()
        if until is not None and until < midnight
    ]


def _print(document: dict[str, Any]) -> None:
    for sentence in (*document["sentences"], *document["notes"]):
        print(f"{sentence[:1].upper()}{sentence[1:]}.")
    for comparison in document["comparisons"]:
        rows = [
            (
                column["column"],
                f"{column['psi']:.3f}",
                "-" if column["threshold"] is None else f"{column['threshold']:.2f}",
                "-" if column["adjusted_p"] is None else f"{column['adjusted_p']:.2g}",
                f"{column['missing_reference']:.1%} to {column['missing_current']:.1%}",
                ", ".join(column["new"]) or "-",
                "drifted" if column["drifted"] else column["why_not"],
            )
            for column in comparison["columns"][:_SHOWN]
        ]
        columns = ("column", "PSI", "must reach", "p, adjusted", "missing", "new", "")
        print_table(f"Against {comparison['what']}", columns, rows)
