"""`lamplighter replay SPEC --from --to --policy P`: what another policy would have done."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, get_args

from lamplighter.cli.output import OK, print_json, print_table
from lamplighter.cli.run_night import Display
from lamplighter.cli.stores import acting_user
from lamplighter.cli.times import parse_time
from lamplighter.evaluation.wording import count, figure
from lamplighter.spec import load_spec
from lamplighter.spec.retrain import PolicyName
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.page import render_replay
from lamplighter.steps.replay.plan import GATE_WORDS
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
    parser.add_argument(
        "--from-nothing",
        action="store_true",
        help="begin without champion and challenger; with those that stood on live unless given",
    )
    parser.add_argument("--trials", type=int, metavar="N", help="trials of each training")
    parser.add_argument("--html", metavar="OUT", help="also write a page to this file")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Replay, and print a line for each policy."""
    spec, paths = load_spec(arguments.spec), StorePaths.from_environment()
    with Display() as display:
        display.began("replay")
        document = replay(
            spec,
            Stores.from_environment(),
            home=paths.home,
            start=parse_time(arguments.start, spec.zone, option="--from"),
            end=parse_time(arguments.end, spec.zone, option="--to"),
            policies=arguments.policy or (spec.retrain.policy,),
            gates=arguments.gate or ("spec",),
            trials=arguments.trials,
            from_nothing=arguments.from_nothing,
            actor=acting_user(),
            say=display.said,
            paths=paths,
        )
    if arguments.html:
        Path(arguments.html).write_text(render_replay(document), encoding="utf-8")
    if arguments.json:
        print_json(document)
    else:
        print_accounts(document)
        if arguments.html:
            print(f"Page: {arguments.html}")
    return OK


def print_accounts(document: dict[str, Any]) -> None:
    """Print a line for each policy, and what the figures mean."""
    nights = count(len(document["nights"]), "night")
    days = count(document["compared_days"], "day")
    print_table(
        f"{document['model']}, {nights} from {document['from'][:10]} to {document['to'][:10]}",
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
                GATE_WORDS[account["gate"]],
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
        f"Losses are means over {days} on which every policy had a champion; regret is against "
        "the best model of each day."
    )
    print(_beginning(document["begins_with"]))


def _beginning(found: dict[str, Any]) -> str:
    if found["from"] == "nothing" or found["champion"] is None:
        asked = "as asked" if found["from"] == "nothing" else "nobody was champion on live before"
        return f"Each timeline begins with nothing: {asked}."
    challenger = "no challenger"
    if found["challenger"] is not None:
        challenger = (
            f"challenger version {found['challenger']} with {count(found['looks'], 'look')} at it"
        )
    return (
        "Each timeline begins with what stood on live: champion version "
        f"{found['champion']}, {challenger}."
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else figure(value)
