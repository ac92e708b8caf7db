"""`lamplighter lineage MODEL`: where a prediction came from, or who has learnt from an example."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK, complain, print_json, print_table
from lamplighter.cli.stores import refuse_unknown, zone_of
from lamplighter.cli.times import parse_time
from lamplighter.errors import UsageError
from lamplighter.steps.lineage.of_entity import Learner, learners
from lamplighter.steps.lineage.of_prediction import Origin, origins
from lamplighter.steps.night import Stores

_CAVEAT = (
    "counted are the rows that are examples; features of other examples may have been made of this "
    "entity's rows too"
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--prediction", metavar="ID", help="the prediction_id of a prediction")
    asked.add_argument("--key", help="the key of an example that was scored")
    asked.add_argument(
        "--entity",
        metavar="KEY|COLUMN=VALUE",
        help="which versions have learnt from it: the key of an example, or any column's value",
    )
    parser.add_argument("--at", metavar="T", help="with --key: the prediction time")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print where it came from, or who has learnt from it."""
    if arguments.at and not arguments.key:
        raise UsageError("--at belongs to --key; a prediction's id names its time already")
    stores, model = Stores.from_environment(), arguments.model
    refuse_unknown(stores.ledger, model)
    if arguments.entity:
        _answer_entity(
            model, arguments.entity, learners(stores, model, arguments.entity), arguments
        )
        return OK
    at = None
    if arguments.at:
        at = parse_time(arguments.at, zone_of(stores.ledger, model), option="--at")
    found = origins(stores, model, prediction_id=arguments.prediction, key=arguments.key, at=at)
    if arguments.json:
        print_json({"model": model, "predictions": [origin.to_json() for origin in found]})
    else:
        for origin in found:
            _print(origin)
    return OK


def _print(origin: Origin) -> None:
    print(f"prediction {origin.prediction_id}: {origin.prediction} for {origin.key}")
    for name, value in origin.to_json().items():
        if name in ("prediction_id", "prediction", "key"):
            continue
        shown = (", ".join(value) or None) if isinstance(value, tuple) else value
        shown = "none" if shown == "" else "unknown" if shown is None else shown
        print(f"  {name.replace('_', ' '):16} {shown}")


def _answer_entity(
    model: str, entity: str, found: list[Learner], arguments: argparse.Namespace
) -> None:
    if arguments.json:
        versions = [learner.to_json() for learner in found]
        print_json({"model": model, "entity": entity, "versions": versions, "caveat": _CAVEAT})
        return
    named = ", ".join(learner.version for learner in found if learner.learnt) or "none"
    print(f"learnt from {entity}: {named} of {len(found)} versions of {model}")
    if found:
        print_table(
            "",
            ("version", "as of", "learnt", "trained on", "judged by", "found by", "sure", ""),
            [
                (
                    f"{one.version}{' (champion)' if one.champion else ''}",
                    one.as_of[:16],
                    {True: "yes", False: "no", None: "unknown"}[one.learnt],
                    one.training,
                    one.holdout,
                    one.way,
                    "yes" if one.sure else "no",
                    one.why,
                )
                for one in found
            ],
        )
    complain(_CAVEAT)
