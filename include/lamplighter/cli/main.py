"""The command `lamplighter`."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from pydantic import ValidationError

from lamplighter.cli.output import ERROR, USAGE, complain
from lamplighter.errors import LamplighterError, UsageError

# Each command lives in a module with `configure(parser)` and `run(arguments) -> exit code`. A
# module is imported only when its command runs: `check` needs no machine-learning library.
_COMMANDS = {
    "init": ("init_spec", "write a commented starter spec from a look at the data"),
    "check": ("check_specs", "say everything that is wrong with spec files"),
    "plan": ("plan_spec", "say what a changed spec changes, before it is applied"),
    "run": ("run_night", "do one night in this process, without Airflow"),
    "replay": ("replay_policies", "say what other policies of retraining would have done"),
    "score": ("score_examples", "score a day's examples with the champion of each moment"),
    "evaluate": ("evaluate_past", "say how the champions of past days did, and draw it"),
    "drift": ("show_drift", "say which columns changed since the champion was trained"),
    "history": ("show_history", "list who was champion when, who decided it, and why"),
    "champion": ("show_champion", "say who is champion, or was at a time"),
    "explain": ("explain_book", "say in sentences what was decided, why, and what came of it"),
    "defect": ("known_defects", "write down what is wrong with a version, list it, mend it"),
    "incidents": ("show_incidents", "list what was found to be wrong, and how it ended"),
    "card": ("show_card", "print or write the model card of a version"),
    "reproduce": ("reproduce_version", "train a version again, and say whether it is the same"),
    "lineage": ("show_lineage", "say where a prediction came from, or who learnt from an example"),
    "approve": ("approve_promotion", "approve or reject a version that waits for a person"),
    "promote": ("act_on_champion", "make a registered version champion"),
    "adopt": ("adopt_version", "make a version that MLflow already holds the champion"),
    "rollback": ("act_on_champion", "make the champion before champion again"),
    "freeze": ("freeze_models", "let nothing become champion, of one model or of all"),
    "unfreeze": ("freeze_models", "lift a freeze"),
    "quarantine": ("quarantine", "list rows that were set aside, and bring corrected ones back"),
    "doctor": ("examine_stores", "look at stores, models, specs, nights and what they need"),
    "maintain": ("maintain_stores", "do a round of upkeep: complete, tidy, delete what is old"),
    "backup": ("back_up", "copy ledger, MLflow and lake, to one point in time"),
    "restore": ("restore", "bring a backup back at a new place"),
    "upgrade": ("upgrade_ledger", "bring the ledger's schema up to this version"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(words)
    arguments = parser.parse_args(words)
    logging.basicConfig(
        level=logging.INFO if arguments.verbose else logging.ERROR,
        format="%(asctime)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    try:
        return int(arguments.run(arguments))
    except UsageError as error:
        complain(f"lamplighter {arguments.command}: {error}")
        return USAGE
    except ValidationError as error:
        complain(f"lamplighter {arguments.command}: {_plain(error)}")
        return USAGE
    except LamplighterError as error:
        complain(f"lamplighter {arguments.command}: {error}")
        return ERROR
    except KeyboardInterrupt:
        complain("interrupted; what was finished is kept, and the same command goes on from there")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except (OSError, OverflowError, UnicodeEncodeError) as error:
        # A folder where a file was named, a disk that is full, a number beyond all calendars.
        logging.getLogger(__name__).info("the whole story", exc_info=True)
        complain(f"lamplighter {arguments.command}: {_what_failed(error)}")
        return ERROR


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lamplighter",
        description="The life of machine-learning models, one spec file each.",
        epilog="exit codes: 0 done, whatever was decided; 1 error; 2 usage; "
        "with run --exit-code also 10 rejected, 11 inconclusive; "
        "of reproduce also 12 different, 13 data purged",
    )
    parser.add_argument("--version", action="version", version=version("lamplighter"))
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is done to stderr")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in words if word in _COMMANDS), None)
    for name, (module_name, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=lambda _: ERROR)
        if name == asked:
            module = importlib.import_module(f"lamplighter.cli.{module_name}")
            module.configure(command)
            command.set_defaults(run=module.run)
    return parser


def _what_failed(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{(error.strerror or str(error)).lower()}; look at the path, and at the disk"
    if isinstance(error, UnicodeEncodeError):
        return f"got {error.object!r}, expected text in UTF-8; write it anew"
    return f"a number or a time is out of range ({error}); give a smaller one"


def _plain(invalid: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'value'}: got {e['input']!r}, expected "
        f"{e['msg'].removeprefix('Input should be ')}"
        for e in invalid.errors()
    )


if __name__ == "__main__":
    sys.exit(main())
