"""`lamplighter champion MODEL [--at T]`: who is champion, or was at a time."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime

from lamplighter.cli.freeze_models import as_document as freeze_document
from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.show_history import as_document
from lamplighter.cli.stores import open_ledger, refuse_unknown, refuse_unknown_timeline, zone_of
from lamplighter.cli.times import parse_time
from lamplighter.ledger import Ledger, Release
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.champion_at import champion_at
from lamplighter.steps.version_facts import UNKNOWN, facts_of


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument(
        "--at", metavar="T", help="date or time, in the zone of the spec unless it has its own"
    )
    parser.add_argument("--timeline", default=LIVE, help="live, or simulated:NAME")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the champion; exit 1 if there was none, or if that is not known."""
    ledger, model, timeline = open_ledger(), arguments.model, arguments.timeline
    refuse_unknown(ledger, model)
    refuse_unknown_timeline(ledger, model, timeline)
    zone = zone_of(ledger, model)
    at = parse_time(arguments.at, zone, option="--at") if arguments.at else None
    champion = (
        champion_at(model, at, timeline=timeline, ledger=ledger)
        if at
        else ledger.champion(model, timeline=timeline)
    )
    freezes = [] if at or timeline != LIVE else ledger.standing_freezes(model)
    if arguments.json:
        facts = facts_of(ledger, model, champion.version) if champion else None
        print_json(
            {
                "model": model,
                "timeline": timeline,
                "champion": as_document(champion, facts) if champion else None,
                "frozen": [freeze_document(freeze) for freeze in freezes],
            }
        )
    if champion is None:
        complain(_why_nobody(ledger, model, timeline, at))
        return ERROR
    if not arguments.json:
        for sentence in _sentences(ledger, champion, at):
            print(sentence)
        for freeze in freezes:
            print(f"{model} is {freeze}")
    return OK


def _sentences(ledger: Ledger, champion: Release, at: datetime | None) -> Iterator[str]:
    facts = facts_of(ledger, champion.model, champion.version)
    yield (
        f"version {champion.version} {'was' if at else 'is'} champion of {champion.model}"
        f"{f' at {at.isoformat()}' if at else ''}, since {champion.valid_from:%Y-%m-%d %H:%M %Z}, "
        f"by {champion.actor} ({champion.kind}): {champion.reason}"
    )
    if facts.refit_of:
        yield f"it is version {facts.refit_of} fitted again on all rows that were known then"
    yield f"performance when it was judged: {facts.performance or UNKNOWN}"
    for defect in facts.defects:
        yield f"known defect {defect.id}, found by {defect.actor}: {defect.description}"
    if at is None or champion.timeline != LIVE:
        return
    clock = ledger.data_clock(champion.model)
    if at > clock:
        yield (
            f"so far: the data of {champion.model} has come to {clock:%Y-%m-%d %H:%M %Z} only, and "
            "nights to come may decide otherwise"
        )


def _why_nobody(ledger: Ledger, model: str, timeline: str, at: datetime | None) -> str:
    see = f"'lamplighter history {model}' lists all there were"
    if at is None:
        return f"{model} has no champion; {see}"
    first = ledger.champion(model, timeline=timeline, at=at)
    if first is not None:
        return f"who is champion of {model} at {at.isoformat()} is unknown: that lies in the future"
    releases = ledger.releases(model, timeline=timeline) or ledger.releases(model)
    since = (
        f"; the first that the ledger knows began {releases[0].valid_from:%Y-%m-%d %H:%M %Z}"
        if releases
        else ""
    )
    return f"{model} has no champion at {at.isoformat()} that the ledger knows{since}; {see}"
