"""Runs and specs: a night keeps the spec and the parameters it began with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lamplighter.errors import LedgerError
from lamplighter.ledger import Ledger


@pytest.fixture
def begun(ledger):
    """A ledger that holds the spec of the runs."""
    ledger.put_spec("5" * 16, model="flights", document={"model": "flights", "rate": 0.1})
    return ledger


def test_a_spec_is_read_back_exactly(begun):
    assert begun.spec("5" * 16) == {"model": "flights", "rate": 0.1}


def test_an_unknown_spec_is_named(ledger):
    with pytest.raises(LedgerError, match="holds no spec abc; a run stores its spec first"):
        ledger.spec("abc")


def test_a_run_without_its_spec_is_refused(ledger, night):
    with pytest.raises(LedgerError, match="holds no spec 5555555555555555"):
        ledger.start_run(night(), run_id="scheduled__1")
    assert ledger.run("scheduled__1") is None


def test_a_run_started_again_with_an_edited_spec_stays_the_run_that_began(begun, night):
    first = begun.start_run(night(), run_id="scheduled__1")
    begun.put_spec("6" * 16, model="flights", document={"model": "flights", "rate": 0.2})
    again = begun.start_run(night("other", spec_digest="6" * 16), run_id="scheduled__1")
    assert again == first == night() == begun.run("scheduled__1")
    assert begun.spec(again.spec_digest)["rate"] == 0.1


def test_the_newest_runs_of_a_model_come_first(begun, night):
    for number in range(4):
        begun.start_run(night(f"run {number}"), run_id=str(number))
    begun.start_run(night(model="payments"), run_id="other")
    assert [run.run_id for run in begun.runs("flights", limit=3)] == ["3", "2", "1"]


def test_rehearsals_do_not_push_out_the_newest_live_run(begun, night):
    begun.start_run(night("live"), run_id="live")
    for number in range(3):
        rehearsed = night(f"run {number}", timeline="simulated:x", dry_run=True)
        begun.start_run(rehearsed, run_id=str(number))
    assert [run.run_id for run in begun.runs("flights", live=True, limit=2)] == ["live"]


def test_every_model_that_left_a_trace_is_known(begun, night, wish, day, artifact):
    assert begun.models() == []
    begun.start_run(night(model="payments"), run_id="1")
    begun.release(wish("first", model="flights"))
    begun.release(wish("second", model="payments"))
    begun.intend_version(
        "v", model="digits", artifact=artifact, run_key="r", timeline="live", as_of=day(1)
    )
    assert begun.models() == ["digits", "flights", "payments"]


class Clock:
    """A wall clock that the test turns."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timed(url, clock):
    ledger = Ledger.open(url, now=clock)
    ledger.put_spec("5" * 16, model="flights", document={})
    return ledger


def test_the_datas_clock_goes_on_from_the_last_live_run(timed, clock, night, day):
    timed.start_run(night(on=1), run_id="1")
    clock.time += timedelta(hours=2)
    timed.start_run(night(on=2), run_id="2")
    clock.time += timedelta(minutes=5)
    assert timed.data_clock("flights") == day(2) + timedelta(minutes=5)


def test_dry_and_simulated_runs_do_not_move_the_datas_clock(timed, clock, night, day):
    timed.start_run(night(on=1), run_id="1")
    timed.start_run(night(on=20, dry_run=True), run_id="2")
    timed.start_run(night(on=30, timeline="simulated:x"), run_id="3")
    assert timed.data_clock("flights") == day(1)


def test_the_datas_clock_is_always_after_the_last_release(timed, night, wish, day):
    timed.start_run(night(on=1), run_id="1")
    head = timed.release(wish("first", valid_from=day(1) + timedelta(hours=3)))
    now = timed.data_clock("flights")
    assert now > head.valid_from
    rollback = timed.release(wish("back", after=head.id, as_of=now, valid_from=now))
    assert timed.data_clock("flights") > rollback.valid_from


def test_the_datas_clock_of_a_model_that_never_ran_is_unknown_and_not_guessed(ledger):
    with pytest.raises(LedgerError, match="flights has no live run, so the time of its data is"):
        ledger.data_clock("flights")
