"""`lamplighter replay SPEC --from --to --policy P`: what another policy would have done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.run_night import Display
from lamplighter.cli.stores import acting_user
from lamplighter.cli.times import parse_time
from lamplighter.evaluation.wording import figure
from lamplighter.spec import load_spec
from lamplighter.spec.retrain import PolicyName
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.page import render_replay
from lamplighter.steps.replay.replay import replay
from lamplighter.steps.store_paths import StorePaths


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", help="the model's YAML file")
    parser.add_argument("--from", dest="start", required=True, metavar="T", help="first night")
    parser.add_argument("--to", dest="end", required=True, metavar="T", help="end of the last day")
    parser.add_argument(
        "--policy",
        action="append",
        choices=get_args(PolicyName),
        help="may be given several times; the spec's own unless given",
    )
    parser.add_argument(
        "--gate",
        action="append",
        choices=("on", "off"),
        help="may be given twice; the spec's gate.mode unless given",
    )
    parser.add_argument("--trials", type=int, metavar="N", help="trials of each training")
    parser.add_argument("--html", metavar="OUT", help="also write a page to this file")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Replay, and print a line for each policy."""
    spec = load_spec(arguments.spec)
    with Display() as display:
        display.began("replay")
        document = replay(
            spec,
            Stores.from_environment(),
            home=StorePaths.from_environment().home,
            start=parse_time(arguments.start, spec.zone, option="--from"),
            end=parse_time(arguments.end, spec.zone, option="--to"),
            policies=arguments.policy or (spec.retrain.policy,),
            gates=arguments.gate or ("spec",),
            trials=arguments.trials,
            actor=acting_user(),
            say=display.said,
        )
    if arguments.html:
        Path(arguments.html).write_text(render_replay(document), encoding="utf-8")
    if arguments.json:
        print_json(document)
    else:
        _print(document)
        if arguments.html:
            print(f"Page: {arguments.html}")
    return OK


def _print(document: dict[str, Any]) -> None:
    print_table(
        f"{document['model']}, {len(document['nights'])} nights from {document['from'][:10]} to "
        f"{document['to'][:10]}",
        (
            "policy",
            "gate",
            "trainings",
            "promotions",
            "false",
            document["loss"],
            "regret",
            "training s",
            "cost",
        ),
        [
            (
                account["policy"],
                account["gate"],
                account["trainings"],
                account["promotions"],
                f"{account['false_promotions']} of {account['judged_promotions']}",
                _figure(account["mean_loss"]),
                _figure(account["regret"]),
                f"{account['compute_s']:,.0f}",
                _figure(account["cost"]),
            )
            for account in document["accounts"]
        ],
    )
    print(
        f"Losses are means over {document['compared_days']} days on which every policy had a "
        "champion; regret is against the best model of each day."
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else figure(value)
