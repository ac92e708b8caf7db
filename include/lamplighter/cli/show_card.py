"""`lamplighter card MODEL VERSION [--out FILE]`: the model card of a version."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from lamplighter.cli.output import OK, print_json
from lamplighter.cli.stores import open_ledger, refuse_unknown
from lamplighter.errors import UsageError

_WRITERS = (".html", ".md", ".json")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("version")
    parser.add_argument(
        "--out", metavar="FILE", help="write it there: a page (.html), Markdown (.md) or JSON"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the card as Markdown, or write it."""
    out = Path(arguments.out) if arguments.out else None
    if out is not None and out.suffix not in _WRITERS:
        raise UsageError(
            f"--out {out} ends in {out.suffix or 'nothing'!r}, expected one of "
            f"{', '.join(_WRITERS)}"
        )
    ledger = open_ledger()
    refuse_unknown(ledger, arguments.model)

    from lamplighter.data.artifacts import ArtifactStore
    from lamplighter.evaluation.card import render_card, render_card_text
    from lamplighter.steps.card_of_version import card_of_version
    from lamplighter.steps.store_paths import StorePaths

    card = card_of_version(
        ledger,
        ArtifactStore(StorePaths.from_environment().artifacts),
        arguments.model,
        arguments.version,
        now=datetime.now(UTC),
    )
    if out is not None:
        write = {".html": render_card, ".md": render_card_text, ".json": _as_json}[out.suffix]
        out.write_text(write(card), encoding="utf-8")
        print(f"wrote {out}")
    elif arguments.json:
        print_json(card)
    else:
        print(render_card_text(card))
    return OK


def _as_json(card: object) -> str:
    return json.dumps(card, indent=2, sort_keys=True, allow_nan=False) + "\n"
