"""The answer to a question is given once: whoever comes second finds the first one's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import LedgerError
from lamplighter.ledger import Ledger

BOB = Actor(name="bob", kind="airflow")


@pytest.fixture
def asked(ledger, day, actor):
    for key, kind in (("promotion", "promotion"), ("question", "approval")):
        ledger.record_decision(
            key, run_key="run", model="flights", timeline="live", kind=kind, verdict="ask",
            reason="", evidence={}, as_of=day(1), actor=actor,
        )  # fmt: skip
    return ledger


def answer(ledger, *, what="approve", actor=BOB, **more):
    return ledger.record_approval(
        "question", decision_key="promotion", version="7", answer=what, reason="looks right",
        actor=actor, **more,
    )  # fmt: skip


def test_the_first_answer_stands(asked, actor):
    assert asked.approval("question") is None
    first = answer(asked)
    assert (first.answer, first.actor, first.version) == ("approve", BOB, "7")
    assert answer(asked, what="reject", actor=actor) == first
    assert asked.approval("question") == first
    assert asked.approvals("flights") == [first]


def test_an_answer_knows_how_long_it_took(asked):
    asked_at = asked.decision("question").recorded_at
    act = answer(asked, answered_at=asked_at + timedelta(hours=3))
    assert act.took == timedelta(hours=3)


def test_an_answer_from_a_clock_that_is_behind_took_no_time(asked):
    asked_at = asked.decision("question").recorded_at
    assert answer(asked, answered_at=asked_at - timedelta(seconds=2)).took == timedelta(0)


@pytest.mark.parametrize("key", ["promotion", "nothing"])
def test_what_nobody_asked_cannot_be_answered(asked, key):
    with pytest.raises(LedgerError, match=f"holds no question '{key}'"):
        asked.record_approval(
            key, decision_key="promotion", version="7", answer="reject", reason="", actor=BOB
        )


def test_of_two_answers_at_once_one_stands_and_both_learn_which(asked: Ledger, race, url):
    code = """
def act(url, who, what):
    stored = Ledger.open(url).record_approval(
        "question", decision_key="promotion", version="7", answer=what, reason="",
        actor=Actor(name=who, kind="os_user"),
    )
    return [stored.answer, stored.actor.name]
"""
    each = [[url, f"p{k}", ("approve", "reject")[k % 2]] for k in range(6)]
    answers = race(code, *each)
    assert len({tuple(one) for one in answers}) == 1
    assert len(asked.approvals("flights")) == 1
