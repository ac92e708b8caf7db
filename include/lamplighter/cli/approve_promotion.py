"""`lamplighter approve MODEL`: answer whether a version that waits may be released."""

from __future__ import annotations

import argparse

from lamplighter.cli.output import ERROR, OK, complain, print_json
from lamplighter.cli.stores import acting_user, refuse_unknown
from lamplighter.errors import UsageError
from lamplighter.steps.answer_approval import Answered, answer_approval, night_of, waiting_question
from lamplighter.steps.approval_words import question_lines, question_subject
from lamplighter.steps.approve_promotion import question_ref
from lamplighter.steps.night import Stores


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model")
    parser.add_argument("--version", help="which version is meant, where several wait")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--reject", action="store_true", help="do not release it")
    act.add_argument("--show", action="store_true", help="print the evidence and answer nothing")
    parser.add_argument("--reason", help="why; stands in the ledger for good")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Show what waits, or answer it, and say what follows."""
    stores = Stores.from_environment()
    refuse_unknown(stores.ledger, arguments.model)
    if arguments.show:
        return _show(stores, arguments)
    if arguments.reason is None:
        raise UsageError("--reason is needed to answer; --show prints what there is to know")
    answered = answer_approval(
        stores,
        arguments.model,
        answer="reject" if arguments.reject else "approve",
        reason=arguments.reason,
        actor=acting_user(),
        version=arguments.version,
    )
    if arguments.json:
        print_json(
            {
                "model": arguments.model,
                "approval": answered.approval.model_dump(mode="json"),
                "mine": answered.mine,
                "release": answered.release and answered.release.model_dump(mode="json"),
            }
        )
    else:
        print(f"version {answered.approval.version} of {arguments.model}: {_said(answered)}")
    if not answered.mine:
        complain("this answer came too late: the first one stands, and so does a deadline")
    refused = answered.release is not None and not answered.release.released
    return ERROR if not answered.mine or (answered.approval.granted and refused) else OK


def _said(answered: Answered) -> str:
    release = answered.release
    if release is None or not answered.approval.granted:
        return str(answered.approval)
    if not release.released or release.valid_from is None:
        return f"{answered.approval}; {release.reason}"
    return f"{answered.approval}; champion from {release.valid_from:%Y-%m-%d %H:%M:%S %Z} on"


def _show(stores: Stores, arguments: argparse.Namespace) -> int:
    question = waiting_question(stores, arguments.model, arguments.version)
    approval = question_ref(stores.ledger, question)
    judged = stores.ledger.decision(question.evidence["decision"]["key"])
    assert judged is not None  # the ledger refuses an answer about a decision it does not hold
    if arguments.json:
        print_json(
            {
                "model": arguments.model,
                "approval": approval.model_dump(mode="json"),
                "verdict": judged.verdict,
                "reason": judged.reason,
                "evidence": judged.evidence,
            }
        )
        return OK
    print(f"{question_subject(approval, arguments.model)}\n")
    print(question_lines(night_of(stores, question), approval, judged))
    return OK
