"""Incidents: opened once when found, closed once, and another one when it happens again."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor

BOB = Actor(name="bob", kind="airflow")
FIND = """
def act(url, who):
    actor = Actor(name=who, kind="os_user")
    return Ledger.open(url).open_incident(
        "flights", kind="alias", about="at 2", message=who, details={}, actor=actor).message
"""


@pytest.fixture
def find(ledger, actor):
    """Find that the alias is where it should not be; what is not said is the same each time."""

    def find(about="at 2", *, model="flights", kind="alias", message="moved", by=actor):
        return ledger.open_incident(
            model, kind=kind, about=about, message=message, details={"to": about}, actor=by
        )

    return find


def test_an_incident_stands_with_its_finder_until_it_is_closed(ledger, find, actor):
    found = find()
    assert (found.model, found.kind, found.message, found.actor) == (
        "flights", "alias", "moved", actor,
    )  # fmt: skip
    assert (found.details, found.standing) == ({"to": "at 2"}, True)
    closed = ledger.close_incident(found, how="restored", actor=BOB)
    assert (closed.key, closed.standing, closed.closed_by) == (found.key, False, BOB)
    assert (closed.closed_how, closed.message) == ("restored", "moved")
    assert ledger.incidents("flights") == [closed]
    assert ledger.standing_incidents("flights") == []


def test_an_incident_found_again_while_it_stands_is_the_same_one(ledger, find):
    assert find(message="moved", by=BOB) == find(message="still moved")
    assert len(ledger.incidents("flights")) == 1


def test_an_incident_that_happens_again_after_it_was_closed_is_another_one(ledger, find, actor):
    first = find()
    ledger.close_incident(first, how="restored", actor=actor)
    second = find()
    assert second.key != first.key
    assert [i.standing for i in ledger.incidents("flights")] == [False, True]


def test_the_first_to_close_an_incident_stands(ledger, find, actor):
    found = find()
    first = ledger.close_incident(found, how="restored", actor=actor)
    assert ledger.close_incident(found, how="adopted", actor=BOB) == first


def test_incidents_are_told_apart_by_model_kind_and_what_they_are_about(ledger, find):
    found = [find(), find("at 3"), find(kind="loss"), find(model="payments")]
    assert len({incident.key for incident in found}) == 4
    assert ledger.standing_incidents("flights", kind="alias") == found[:2]
    assert ledger.incidents() == found


def test_several_who_find_an_incident_at_once_write_one_row(url, ledger, race):
    said = race(FIND, *([url, f"racer {number}"] for number in range(4)))
    assert len(set(said)) == 1 == len(ledger.incidents("flights"))
