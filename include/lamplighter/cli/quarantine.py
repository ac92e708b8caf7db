"""`lamplighter quarantine list|show|replay`: rows that were set aside, and bringing them back."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from lamplighter.cli.output import ERROR, OK, complain, print_json, print_table
from lamplighter.cli.stores import acting_user, refuse_unknown, zone_of
from lamplighter.cli.times import parse_time
from lamplighter.data.quarantine import rows_of
from lamplighter.errors import UsageError
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.spec.data import ROW_KEY
from lamplighter.steps.night import Stores
from lamplighter.steps.replay_quarantine import (
    ID_COLUMN,
    Replay,
    newest_spec,
    quarantined_rows,
    replay_rows,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    listed = acts.add_parser("list", help="count the rows by table, check and night")
    shown = acts.add_parser("show", help="show one row, or write the open ones to a file")
    replay = acts.add_parser("replay", help="let corrected rows in, known from now on")
    for act in (listed, shown, replay):
        act.add_argument("model")
        act.add_argument("--json", action="store_true", help="print one JSON document")
    shown.add_argument("id", nargs="?", help="the row's id, or its beginning")
    shown.add_argument("--out", type=Path, metavar="FILE", help=".csv of the open rows, to correct")
    for act in (shown, replay):
        act.add_argument("--table", help="rows of this table")
    replay.add_argument("--file", type=Path, help="the corrected rows, .csv or .parquet")
    replay.add_argument("--ids", nargs="+", default=(), metavar="ID", help="rows as they are")
    replay.add_argument("--as-of", metavar="T", help="since when they are known; default now")
    replay.add_argument("--spec", help="check them by this file instead of the last night's spec")
    replay.add_argument("--reason", default="", help="why; stands beside the row for good")


def run(arguments: argparse.Namespace) -> int:
    """Carry out the act."""
    stores = Stores.from_environment()
    refuse_unknown(stores.ledger, arguments.model)
    spec = newest_spec(stores, arguments.model)
    return {"list": _list, "show": _show, "replay": _replay}[arguments.act](arguments, stores, spec)


def _list(arguments: argparse.Namespace, stores: Stores, spec: ModelSpec) -> int:
    lines = quarantined_rows(stores, spec)
    if arguments.json:
        print_json({"model": spec.model, "rows": [_document(line) for line in _records(lines)]})
        return OK
    if lines.empty:
        print(f"nothing of {spec.model} is in quarantine")
        return OK
    state = lines["replayed_at"].isna().map({True: "open", False: "replayed"})
    counts = (
        lines.assign(state=state)
        .groupby(["table", "check", "column", "as_of", "state"], sort=True)["id"]
        .agg(["size", "first"])
        .reset_index()
    )
    names = ("table", "check", "column", "as_of", "state", "size", "first")
    rows = [
        [_moment(count[name]) if name == "as_of" else count[name] for name in names]
        for count in counts.to_dict("records")
    ]
    columns = ("table", "check", "column", "set aside as of", "state", "rows", "the first's id")
    print_table(f"quarantine of {spec.model}", columns, rows)
    return OK


def _show(arguments: argparse.Namespace, stores: Stores, spec: ModelSpec) -> int:
    lines = quarantined_rows(stores, spec)
    if arguments.table:
        lines = lines[lines["table"] == arguments.table]
    if arguments.out is not None:
        return _write(arguments, stores, spec, lines)
    if not arguments.id:
        raise UsageError("say which row, by its id, or give --out FILE to write the open ones")
    found = lines[lines["id"].str.startswith(arguments.id)]
    if found["id"].nunique() != 1:
        what = "several rows" if len(found) else "no row"
        raise UsageError(f"{arguments.id} names {what} in the quarantine of {spec.model}")
    records = _records(found)
    if arguments.json:
        print_json({"model": spec.model, "rows": [_document(line) for line in records]})
        return OK
    first = records[0]
    print(f"{first['table']} row {first['id']}, set aside as of {_moment(first['as_of'])}")
    for line in records:
        print(f"  {line['reason']}")
    replayed = first["replayed_at"]
    print(
        "  open" if pd.isna(replayed) else f"  a corrected row is known since {_moment(replayed)}"
    )
    for name, value in json.loads(first["row"]).items():
        print(f"    {name}: {value}")
    return OK


def _write(
    arguments: argparse.Namespace, stores: Stores, spec: ModelSpec, lines: pd.DataFrame
) -> int:
    out: Path = arguments.out
    still = lines[lines["replayed_at"].isna()].drop_duplicates("id")
    if still["table"].nunique() != 1:
        raise UsageError(
            f"open rows of {', '.join(still['table'].unique()) or 'no table'}; say with --table "
            "which to write"
        )
    if out.suffix != ".csv" or out.is_dir() or not out.absolute().parent.is_dir():
        raise UsageError(f"--out: got {out}, expected a .csv file in a folder that exists")
    table = str(still["table"].iloc[0])
    kinds = stores.lake.columns(spec.model, table) or {}
    rows = rows_of(list(still["row"]), kinds).drop(columns=ROW_KEY, errors="ignore")
    rows.insert(0, ID_COLUMN, list(still["id"]))
    rows.to_csv(out, index=False)
    if arguments.json:
        print_json({"model": spec.model, "table": table, "rows": len(rows), "out": str(out)})
        return OK
    print(f"{len(rows):,} rows of {table} in {out}; correct them, then")
    print(f"  lamplighter quarantine replay {spec.model} --table {table} --file {out}")
    return OK


def _replay(arguments: argparse.Namespace, stores: Stores, spec: ModelSpec) -> int:
    if (arguments.file is None) == (not arguments.ids):
        raise UsageError("give either --file with corrected rows, or --ids of rows as they are")
    if arguments.spec:
        spec = load_spec(arguments.spec)
        if spec.model != arguments.model:
            raise UsageError(f"--spec: {arguments.spec} is of {spec.model}, not {arguments.model}")
    zone = zone_of(stores.ledger, spec.model)
    asked = arguments.as_of
    done = replay_rows(
        stores,
        spec,
        file=arguments.file,
        ids=arguments.ids,
        table=arguments.table,
        as_of=parse_time(asked, zone, option="--as-of") if asked else None,
        actor=acting_user(),
        reason=arguments.reason,
    )
    if arguments.json:
        print_json({**vars(done), "as_of": done.as_of.isoformat(), "failing": list(done.failing)})
    else:
        print(_said(done))
    if done.still_failing:
        complain(
            f"{_rows(done.still_failing)} still failing, and left in quarantine: "
            + "; ".join(done.failing)
        )
    return ERROR if done.still_failing else OK


def _said(done: Replay) -> str:
    again = f"; {_rows(done.already)} brought back before" if done.already else ""
    since = f", known from {_moment(pd.Timestamp(done.as_of))} on" if done.let_in else ""
    held = f"; {_rows(done.held)} held already, or a newer version of them" if done.held else ""
    return f"{done.model}.{done.table}: {_rows(done.let_in)} let in{since}{held}{again}"


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _records(lines: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in line.items()} for line in lines.to_dict("records")]


def _document(line: dict[str, Any]) -> dict[str, Any]:
    replayed = line["replayed_at"]
    return {
        **line,
        "as_of": line["as_of"].isoformat(),
        "row": json.loads(line["row"]),
        "replayed_at": None if pd.isna(replayed) else replayed.isoformat(),
        "state": "open" if pd.isna(replayed) else "replayed",
    }


def _moment(when: pd.Timestamp) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S %Z}"
