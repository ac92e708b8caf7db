"""`lamplighter defect add|list|mend MODEL`: what is known to be wrong with versions."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import OK, complain, print_json, print_table
from lamplighter.cli.stores import acting_user, open_ledger, refuse_unknown
from lamplighter.ledger import Defect, Ledger


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    add = acts.add_parser("add", help="write a defect down; it is shown wherever the version is")
    add.add_argument("model")
    add.add_argument("version")
    add.add_argument("text", help="what is wrong; stands in the ledger for good")
    listed = acts.add_parser("list", help="list the defects of a model's versions, or of one")
    listed.add_argument("model")
    listed.add_argument("version", nargs="?")
    mend = acts.add_parser("mend", help="write down that a defect is one no longer")
    mend.add_argument("model")
    mend.add_argument("number", type=int, help="as 'lamplighter defect list' shows it")
    mend.add_argument("--reason", required=True, help="why; stands in the ledger for good")
    for act in (add, listed, mend):
        act.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Do the act, or print the list."""
    ledger = open_ledger()
    refuse_unknown(ledger, arguments.model)
    if arguments.act == "list":
        return _list(ledger, arguments)
    defect, warning = _act(ledger, arguments)
    if warning:
        complain(warning)
    if arguments.json:
        print_json({"model": defect.model, "defect": as_document(defect)})
    else:
        state = "is known of" if defect.standing else "is mended in"
        print(
            f"defect {defect.id} {state} version {defect.version} of {defect.model}: "
            f"{defect.description}"
        )
    return OK


def _act(ledger: Ledger, arguments: argparse.Namespace) -> tuple[Defect, str | None]:
    from lamplighter.registry.mlflow_registry import Registry
    from lamplighter.steps.known_defects import mend_defect, report_defect
    from lamplighter.steps.store_paths import StorePaths

    registry, actor = Registry(StorePaths.from_environment().mlflow), acting_user()
    model = arguments.model
    if arguments.act == "add":
        return report_defect(
            ledger, registry, model, arguments.version, arguments.text, actor=actor
        )
    return mend_defect(
        ledger, registry, model, arguments.number, reason=arguments.reason, actor=actor
    )


def _list(ledger: Ledger, arguments: argparse.Namespace) -> int:
    from lamplighter.steps.known_version import known_version

    if arguments.version is not None:
        known_version(ledger, arguments.model, arguments.version)
    defects = ledger.defects(arguments.model, arguments.version)
    if arguments.json:
        print_json({"model": arguments.model, "defects": [as_document(d) for d in defects]})
    elif not defects:
        of = f"version {arguments.version} of " if arguments.version else ""
        print(f"no defect of {of}{arguments.model} is known")
    else:
        print_table(
            f"Known defects of {arguments.model}, by the wall clock",
            ("number", "version", "defect", "found", "by", "mended"),
            [
                (
                    defect.id,
                    defect.version,
                    defect.description,
                    f"{defect.recorded_at:%Y-%m-%d %H:%M %Z}",
                    defect.actor,
                    _mending(defect),
                )
                for defect in defects
            ],
        )
    return OK


def _mending(defect: Defect) -> str:
    if defect.mended_at is None:
        return "no"
    return f"{defect.mended_at:%Y-%m-%d %H:%M %Z} by {defect.mended_by}: {defect.mended_because}"


def as_document(defect: Defect) -> dict[str, object]:
    """Return a defect as plain JSON values."""
    by, at = defect.mended_by, defect.mended_at
    return {
        "number": defect.id,
        "version": defect.version,
        "defect": defect.description,
        "actor": defect.actor.model_dump(mode="json"),
        "recorded_at": defect.recorded_at.isoformat(),
        "standing": defect.standing,
        "mended_by": by.model_dump(mode="json") if by else None,
        "mended_at": at.isoformat() if at else None,
        "mended_because": defect.mended_because,
    }
