"""Who has the challenger's place, since when, and that only one has."""

from __future__ import annotations

import pytest


@pytest.fixture
def act(ledger, day, actor):
    def _act(kind, version, number, *, timeline="live", model="flights"):
        do = ledger.enter_challenger if kind == "enter" else ledger.leave_challenger
        return do(model, version, timeline=timeline, as_of=day(number), reason="why", actor=actor)

    return _act


def test_the_place_is_free_until_somebody_enters(ledger, act, day):
    assert ledger.challenger("flights") is None
    entered = act("enter", "2", 3)
    assert ledger.challenger("flights") == entered
    assert ledger.challenger("flights", at=day(2)) is None
    assert ledger.challenger("flights", at=day(3)) == entered


def test_a_second_one_does_not_enter_while_the_place_is_taken(ledger, act):
    act("enter", "2", 3)
    assert act("enter", "3", 4) is None
    assert ledger.challenger("flights").version == "2"
    act("leave", "2", 5)
    assert act("enter", "3", 5).version == "3"


def test_only_the_one_that_has_the_place_can_leave_it(ledger, act):
    assert act("leave", "2", 3) is None
    act("enter", "2", 3)
    assert act("leave", "3", 4) is None
    assert ledger.challenger("flights").version == "2"


def test_nobody_enters_or_leaves_at_a_time_before_the_last_act(ledger, act, day):
    act("enter", "2", 3)
    assert act("leave", "2", 2) is None
    left = act("leave", "2", 5)
    assert act("enter", "3", 4) is None
    assert ledger.challenges("flights")[-1] == left
    assert ledger.challenger("flights", at=day(4)).version == "2"


def test_the_same_act_again_changes_nothing(ledger, act):
    first = act("enter", "2", 3)
    assert act("enter", "2", 3) == first
    left = act("leave", "2", 4)
    assert act("leave", "2", 4) == left
    assert ledger.challenges("flights") == [first, left]


def test_timelines_and_models_have_places_of_their_own(ledger, act):
    act("enter", "2", 3)
    act("enter", "7", 3, timeline="simulated:a")
    act("enter", "9", 3, model="hotels")
    assert ledger.challenger("flights").version == "2"
    assert ledger.challenger("flights", timeline="simulated:a").version == "7"
    assert ledger.challenger("hotels").version == "9"


ENTER = """
def act(url, version):
    entered = Ledger.open(url).enter_challenger(
        "flights", version, timeline="live", as_of=datetime(2013, 7, 1, tzinfo=UTC), reason="",
        actor=Actor(name="ada", kind="os_user"),
    )
    return entered and entered.version
"""


def test_of_many_that_enter_at_once_one_has_the_place(ledger, url, race):
    entered = race(ENTER, *([url, str(number)] for number in range(4)))
    (winner,) = [version for version in entered if version is not None]
    assert ledger.challenger("flights").version == winner
    assert len(ledger.challenges("flights")) == 1
