"""Known defects: found, mended, found again; and never forgotten."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import UsageError

BOB = Actor(name="bob", kind="airflow")
REPORT = """
def act(url, who):
    actor = Actor(name=who, kind="os_user")
    return Ledger.open(url).report_defect("flights", "1", "wrong at night", actor=actor).id
"""


def test_a_defect_stands_with_its_finder_until_it_is_mended(ledger, actor):
    found = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    assert (found.version, found.description, found.actor) == ("1", "wrong at night", actor)
    assert found.standing
    mended = ledger.mend_defect("flights", found.id, reason="the source was", actor=BOB)
    assert (mended.id, mended.standing, mended.mended_by) == (found.id, False, BOB)
    assert (mended.mended_because, mended.actor) == ("the source was", actor)
    assert ledger.defects("flights") == [mended]


def test_the_same_defect_reported_twice_is_one(ledger, actor):
    first = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    assert ledger.report_defect("flights", "1", "wrong at night", actor=BOB) == first


def test_a_mended_defect_that_comes_back_is_another_one(ledger, actor):
    first = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    ledger.mend_defect("flights", first.id, reason="thought so", actor=actor)
    second = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    assert second.id != first.id
    assert [defect.standing for defect in ledger.defects("flights", "1")] == [False, True]


def test_the_first_to_mend_a_defect_stands(ledger, actor):
    found = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    first = ledger.mend_defect("flights", found.id, reason="mine", actor=actor)
    assert ledger.mend_defect("flights", found.id, reason="no, mine", actor=BOB) == first


def test_a_defect_is_of_one_version_of_one_model(ledger, actor):
    ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    other = ledger.report_defect("flights", "2", "wrong at night", actor=actor)
    assert ledger.defects("flights", "2") == [other]
    assert ledger.defects("payments") == []
    with pytest.raises(UsageError, match=r"payments has no known defect 1; .* none"):
        ledger.mend_defect("payments", 1, reason="x", actor=actor)


@pytest.mark.parametrize("words", ["", "  \n"])
def test_words_are_needed_for_both_acts(ledger, actor, words):
    found = ledger.report_defect("flights", "1", "wrong at night", actor=actor)
    with pytest.raises(UsageError, match="a defect needs words"):
        ledger.report_defect("flights", "1", words, actor=actor)
    with pytest.raises(UsageError, match="a reason is needed"):
        ledger.mend_defect("flights", found.id, reason=words, actor=actor)
    assert ledger.defects("flights") == [found]


def test_several_who_report_the_same_defect_at_once_write_one_row(url, ledger, race):
    ids = race(REPORT, *([url, f"racer {number}"] for number in range(4)))
    assert len(set(ids)) == 1 == len(ledger.defects("flights"))
