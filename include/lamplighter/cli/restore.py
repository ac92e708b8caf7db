"""`lamplighter restore --from DIR --to HOME`: bring a backup back at a new place."""

from __future__ import annotations

import argparse
from pathlib import Path

from lamplighter.cli.output import OK, complain, print_json
from lamplighter.steps.backup.restore import restore


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--from", dest="backup", required=True, type=Path, metavar="DIR")
    parser.add_argument("--to", required=True, type=Path, metavar="HOME", help="a new folder")
    parser.add_argument(
        "--ledger", metavar="URL", help="an empty database, for a ledger of Postgres"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Restore, and say how to use what was restored."""
    restored = restore(arguments.backup, arguments.to, ledger=arguments.ledger, say=complain)
    if arguments.json:
        print_json(
            {
                "home": restored.paths.home,
                "point": restored.manifest.point.isoformat(),
                "mlflow": restored.manifest.mlflow_root is not None,
                "aliases": list(restored.aliases),
            }
        )
        return OK
    print(f"restored to {restored.paths.home}, as of {restored.manifest.point:%Y-%m-%d %H:%M %Z}")
    for alias in restored.aliases:
        print(f"moved back the alias 'champion' of {alias}: the copied ledger says so")
    if restored.manifest.mlflow_root is None:
        print("MLflow is not in this backup; restore it by its own means")
    print(f"next: LAMPLIGHTER_HOME={restored.paths.home} lamplighter doctor")
    return OK
