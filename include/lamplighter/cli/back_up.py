"""`lamplighter backup --to DIR`: copy the three stores, to one point in time."""

from __future__ import annotations

import argparse
from pathlib import Path

from lamplighter.cli.output import OK, complain, print_json
from lamplighter.steps.backup.back_up import back_up
from lamplighter.steps.store_paths import StorePaths


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--to", required=True, type=Path, metavar="DIR", help="a new folder")
    parser.add_argument(
        "--mlflow",
        metavar="URL",
        help="sqlite:///...: the database behind the MLflow server; none: leave MLflow out",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Back up, and say what the backup holds."""
    manifest = back_up(
        StorePaths.from_environment(), arguments.to, mlflow=arguments.mlflow, say=complain
    )
    if arguments.json:
        print_json(
            {
                "to": str(arguments.to),
                "point": manifest.point.isoformat(),
                "files": len(manifest.files),
                "size_bytes": manifest.size_bytes,
                "mlflow": manifest.mlflow_root is not None,
            }
        )
    else:
        print(
            f"{len(manifest.files):,} files, {manifest.size_bytes / 1e6:,.1f} MB, in "
            f"{arguments.to}; it brings back {manifest.point:%Y-%m-%d %H:%M:%S %Z}"
        )
    return OK
