"""`lamplighter explain MODEL [VERSION|RUN]`: what was decided, why, and what came of it."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.stores import open_ledger, refuse_unknown, refuse_unknown_timeline
from lamplighter.errors import UsageError
from lamplighter.ledger import Ledger
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.known_version import known_version
from lamplighter.steps.telling.model import tell_model
from lamplighter.steps.telling.night import tell_night
from lamplighter.steps.telling.told import Told
from lamplighter.steps.telling.version import tell_version


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument(
        "about", nargs="?", metavar="VERSION|RUN", help="default: the newest decision"
    )
    parser.add_argument(
        "--timeline", default=LIVE, help="whose newest decision: live, or simulated:NAME"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print what the ledger knows; exit 1 if nothing was decided yet."""
    ledger, model = open_ledger(), arguments.model
    refuse_unknown(ledger, model)
    refuse_unknown_timeline(ledger, model, arguments.timeline)
    if arguments.about is None:
        told = tell_model(ledger, model, timeline=arguments.timeline)
    else:
        told = _tell(ledger, model, arguments.about)
    if told is None:
        complain(f"no decision about {model} is known on timeline {arguments.timeline}")
        if arguments.json:
            print_json({"kind": None, "model": model, "sentences": []})
        return ERROR
    if arguments.json:
        print_json(told.whole())
    else:
        for sentence in told.sentences:
            print(sentence)
    return OK


def _tell(ledger: Ledger, model: str, about: str) -> Told:
    if about.isdecimal():
        return tell_version(ledger, known_version(ledger, model, about))
    runs = ledger.runs_named(model, about)
    if not runs:
        newest = ", ".join(stored.run_id for stored in ledger.runs(model, limit=3)) or "none"
        raise UsageError(
            f"{model} has neither a version nor a run {about!r}; its newest runs are {newest}"
        )
    run = runs[0].run
    return tell_night(ledger, run_key=run.run_key, model=model, timeline=run.timeline)
