"""Decisions: the first one under a key stands, and comes back with its numbers."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor
from lamplighter.errors import LedgerError, UsageError


@pytest.fixture
def decide(ledger, day, actor):
    def record(key, **others):
        values = {
            "run_key": "run",
            "model": "flights",
            "timeline": "live",
            "kind": "promotion",
            "verdict": "promote",
            "reason": "log loss is better by 0.0100 (0.0050 to 0.0150)",
            "evidence": {"blocks": 14, "gain": 0.1 + 0.2, "days": ["2013-06-30"], "lag1": None},
            "as_of": day(1),
            "actor": actor,
        }
        return ledger.record_decision(key, **{**values, **others})

    return record


def test_a_decision_is_read_back_with_its_evidence_to_the_last_digit(ledger, decide, day):
    stored = decide("gate", champion_version="3", candidate_version="4")
    assert ledger.decision("gate") == stored
    assert stored.evidence == {
        "blocks": 14,
        "gain": 0.30000000000000004,
        "days": ["2013-06-30"],
        "lag1": None,
    }
    assert (stored.champion_version, stored.candidate_version) == ("3", "4")
    assert (stored.as_of, stored.actor) == (day(1), Actor(name="ada", kind="os_user"))


def test_a_second_thought_does_not_replace_the_decision(ledger, decide):
    first = decide("gate")
    assert decide("gate", verdict="reject", evidence={}) == first
    assert ledger.decisions("flights") == [first]


def test_decisions_are_found_by_timeline_kind_and_run_newest_first(ledger, decide):
    decide("a", kind="retraining")
    decide("b")
    decide("c", run_key="other")
    decide("d", timeline="simulated:x")
    decide("e", model="payments")
    assert [found.key for found in ledger.decisions("flights")] == ["c", "b", "a"]
    assert [found.key for found in ledger.decisions("flights", kind="promotion")] == ["c", "b"]
    assert [found.key for found in ledger.decisions("flights", run_key="run")] == ["b", "a"]
    assert [found.key for found in ledger.decisions("flights", timeline="simulated:x")] == ["d"]
    assert [found.key for found in ledger.decisions("flights", limit=1)] == ["c"]


def test_a_decision_that_nobody_made_is_none(ledger):
    assert ledger.decision("gate") is None


def test_evidence_that_json_cannot_hold_is_named(decide):
    with pytest.raises(LedgerError, match=r"document\.gain\[1\] is nan, which JSON cannot hold"):
        decide("gate", evidence={"gain": [0.1, float("nan")]})
    with pytest.raises(LedgerError, match=r"document\.actor is of type Actor, expected plain text"):
        decide("gate", evidence={"actor": Actor(name="ada", kind="os_user")})
    with pytest.raises(LedgerError, match="document has the key 7, expected text"):
        decide("gate", evidence={7: "seven"})


def test_a_decision_belongs_to_a_timeline_that_exists(decide):
    with pytest.raises(UsageError, match="timeline is 'livee'"):
        decide("gate", timeline="livee")


def test_text_of_any_language_is_kept(ledger, decide):
    reason = "meilleur d'un dixième; 更好; 'quoted'; 100 %"
    assert decide("gate", reason=reason).reason == reason
