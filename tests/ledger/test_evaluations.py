"""Evaluations of the past in the ledger: once per key, in order, all or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lamplighter.errors import LedgerError
from lamplighter.ledger.records import Judged


@pytest.fixture
def judged(day):
    """How version 1 did on a day, by what was known when it ended."""

    def of(number, **changed):
        start = day(number)
        made = Judged(
            key=f"day {number}",
            model="flights",
            version="1",
            chosen_by="champion",
            interval_start=start,
            interval_end=start + timedelta(days=1),
            knowledge_time=start + timedelta(days=1),
            hindsight=False,
            rows=10,
            labelled_rows=8,
            metrics={"log_loss": {"value": 0.5, "lower": 0.4, "upper": 0.6}},
            slices=({"slice": "origin = JFK", "rows": 4},),
            details={"matured_rows": 8},
        )
        return replace(made, **changed)

    return of


def test_an_evaluation_comes_back_as_it_was_stored(ledger, judged):
    ledger.record_evaluations([judged(3)])
    (stored,) = ledger.evaluations("flights")
    names = list(judged(3).__dataclass_fields__)
    assert {n: getattr(stored, n) for n in names} == {n: getattr(judged(3), n) for n in names}


def test_the_first_evaluation_under_a_key_stands(ledger, judged):
    ledger.record_evaluations([judged(3)])
    ledger.record_evaluations([judged(3, labelled_rows=1), judged(4)])
    assert [e.labelled_rows for e in ledger.evaluations("flights")] == [8, 8]


def test_evaluations_come_in_the_order_of_their_intervals_and_of_what_was_known(ledger, judged):
    later = judged(3, key="later", knowledge_time=judged(5).interval_end)
    ledger.record_evaluations([judged(5), later, judged(3)])
    found = ledger.evaluations("flights")
    assert [e.key for e in found] == ["day 3", "later", "day 5"]
    assert ledger.evaluations("flights", start=judged(4).interval_start) == found[2:]
    assert ledger.evaluations("flights", end=judged(3).interval_end) == found[:2]
    assert ledger.evaluations("flights", chosen_by="current") == []
    assert ledger.evaluations("trains") == []


def test_which_keys_are_stored_is_told_also_of_a_thousand(ledger, judged):
    ledger.record_evaluations([judged(3), judged(4)])
    asked = [f"day {number}" for number in range(1000)]
    assert ledger.evaluation_keys(asked) == {"day 3", "day 4"}


def test_of_evaluations_that_cannot_all_be_stored_none_is(ledger, judged):
    with pytest.raises(LedgerError, match="cannot hold this"):
        ledger.record_evaluations([judged(3), judged(4, interval_start="soon")])
    assert ledger.evaluations("flights") == []
