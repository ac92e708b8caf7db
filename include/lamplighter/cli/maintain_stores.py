"""`lamplighter maintain`: a round of upkeep in this process, without Airflow."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.stores import acting_user
from lamplighter.contracts import Keep
from lamplighter.steps.doctor.visit import models_folder
from lamplighter.steps.maintain_stores import Failed, maintain_stores
from lamplighter.steps.night import Stores
from lamplighter.steps.upkeep.round import Round

_AIRFLOWS = ("logs_days", "xcoms_days")
"""What only Airflow has, and its DAG `lamplighter__maintain` sees to."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: a limit each, and whether to look only."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    for name, field in Keep.model_fields.items():
        if name not in _AIRFLOWS:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                type=int,
                default=field.default,
                metavar="N",
                help=f"default {field.default}. {field.description}",
            )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Do every duty; exit 1 if one of them could not be done."""
    limits = {name: getattr(arguments, name) for name in Keep.model_fields if name not in _AIRFLOWS}
    results = maintain_stores(
        Round(
            stores=Stores.from_environment(),
            actor=acting_user(),
            keep=Keep.model_validate(limits),
            dry_run=arguments.dry_run,
            specs=models_folder(),
        )
    )
    failed = [result for result in results if isinstance(result, Failed)]
    reports = [result for result in results if not isinstance(result, Failed)]
    for failure in failed:
        complain(f"{failure.duty} could not be done: {failure.reason}")
    if arguments.json:
        print_json({"duties": [report.model_dump(mode="json") for report in reports]})
        return ERROR if failed else OK
    would = "would have " if arguments.dry_run else ""
    for report in reports:
        for sentence in report.done:
            print(f"{report.duty}: {would}{sentence}")
        for sentence in report.found:
            print(f"{report.duty}: LOOK {sentence}")
    if not any(report.done or report.found for report in reports):
        print("nothing to do")
    return ERROR if failed else OK
