"""`lamplighter run SPEC --as-of T`: one night in this process, without Airflow."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from uuid import uuid4

from rich.console import Console
from rich.status import Status
from rich.text import Text

from lamplighter.cli.output import INCONCLUSIVE, OK, REJECTED, complain, print_json
from lamplighter.cli.stores import acting_user
from lamplighter.cli.times import parse_time
from lamplighter.contracts import RunReport, RunRequest
from lamplighter.spec import load_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.whole_night import Listener, run_night


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", help="the model's YAML file")
    parser.add_argument("--as-of", metavar="T", help="the instant to pretend is now; default now")
    parser.add_argument("--knowledge-time", metavar="T", help="labels known until; default as-of")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--budget-s", type=float, metavar="N", help="seconds to search and train")
    budget.add_argument("--trials", type=int, metavar="N", help="trials to search, instead")
    parser.add_argument("--force-retrain", action="store_true", help="train whatever the policy")
    parser.add_argument("--gate-mode", choices=("off", "dry_run", "enforce"))
    parser.add_argument("--dry-run", action="store_true", help="register and release nothing")
    parser.add_argument("--reason", default="", help="why; goes into the ledger")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="10 rejected, 11 inconclusive: what the gate said, whoever has to approve it yet",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Do the night, and print what was decided and why."""
    spec = load_spec(arguments.spec)
    asked = arguments.as_of
    request = RunRequest(
        as_of=parse_time(asked, spec.zone, option="--as-of") if asked else datetime.now(UTC),
        knowledge_time=parse_time(arguments.knowledge_time, spec.zone, option="--knowledge-time")
        if arguments.knowledge_time
        else None,
        force_retrain=arguments.force_retrain,
        gate_mode=arguments.gate_mode,
        budget_s=arguments.budget_s,
        trials=arguments.trials,
        dry_run=arguments.dry_run,
        reason=arguments.reason,
    )
    stores = Stores.from_environment()
    with Display() as display:
        report = run_night(
            arguments.spec,
            request,
            run_id=f"cli/{spec.model}/{uuid4().hex[:12]}",
            actor=acting_user(),
            stores=stores,
            listener=display,
        )
    if arguments.json:
        print_json(report.model_dump(mode="json"))
    else:
        for sentence in report.sentences:
            print(sentence)
        if report.report is not None:
            print(f"Report: {stores.artifacts.uri(report.report)}")
    return _exit_code(report) if arguments.exit_code else OK


def _exit_code(report: RunReport) -> int:
    return {"reject": REJECTED, "inconclusive": INCONCLUSIVE}.get(report.verdict or "", OK)


class Display(Listener):
    """The running step and what it says, on stderr: a live line, or plain lines in a pipe."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._live = self._console.is_terminal
        self._status: Status = self._console.status("")
        self._step = ""

    def __enter__(self) -> Display:
        if self._live:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
        sys.stderr.flush()

    def began(self, step: str) -> None:
        """Show the step that begins."""
        self._step = step
        self._show("")

    def said(self, sentence: str) -> None:
        """Show a step's progress."""
        self._show(sentence)

    def _show(self, sentence: str) -> None:
        if self._live:
            # Not as markup: a sentence may hold the name of a column, brackets and all.
            self._status.update(Text.assemble((self._step, "bold"), " ", sentence))
        elif sentence:
            complain(f"{self._step}: {sentence}")
