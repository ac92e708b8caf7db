"""`lamplighter freeze` and `lamplighter unfreeze`: stop every change of champions, and allow it."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.stores import acting_user, open_ledger, refuse_unknown
from lamplighter.contracts import Actor
from lamplighter.errors import UsageError
from lamplighter.ledger import FreezeAct, Ledger
from lamplighter.ledger.freezes import EVERY_MODEL


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", nargs="?", help="the model; leave it out with --all")
    parser.add_argument("--all", action="store_true", help="every model, also those to come")
    parser.add_argument("--reason", required=True, help="why; stands in the ledger for good")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Record the act and say what is frozen now."""
    if arguments.all is (arguments.model is not None):
        raise UsageError("name one model, or say --all")
    ledger, actor = open_ledger(), acting_user()
    model = arguments.model or EVERY_MODEL
    if model != EVERY_MODEL:
        refuse_unknown(ledger, model)
    act = _freeze if arguments.command == "freeze" else _unfreeze
    said = act(ledger, model, arguments.reason, actor)
    standing = ledger.standing_freezes(model)
    if arguments.json:
        print_json({"model": model, "frozen": [as_document(freeze) for freeze in standing]})
    else:
        print(said)
    if standing and arguments.command == "unfreeze":
        complain(f"{model} is still {standing[0]}; lift that with 'lamplighter unfreeze --all'")
        return ERROR
    return OK


def _freeze(ledger: Ledger, model: str, reason: str, actor: Actor) -> str:
    before = ledger.freeze_acts(model)
    freeze = ledger.freeze(model, reason=reason, actor=actor)
    if freeze in before:
        return f"{_name(model)} frozen already, nothing was recorded: {freeze}"
    return f"{_name(model)} {freeze}. Nights judge and release nothing; scoring goes on."


def _unfreeze(ledger: Ledger, model: str, reason: str, actor: Actor) -> str:
    lifted = ledger.unfreeze(model, reason=reason, actor=actor)
    if lifted is None:
        own = "" if model == EVERY_MODEL else " by an act of its own"
        return f"{_name(model)} not frozen{own}, nothing was recorded"
    return f"{_name(model)} {lifted}"


def _name(model: str) -> str:
    return "all models are" if model == EVERY_MODEL else f"{model} is"


def as_document(act: FreezeAct) -> dict[str, object]:
    """Return a freeze, or the lifting of one, as plain JSON values."""
    return {
        "model": act.model,
        "kind": act.kind,
        "reason": act.reason,
        "actor": act.actor.model_dump(mode="json"),
        "recorded_at": act.recorded_at.isoformat(),
    }
