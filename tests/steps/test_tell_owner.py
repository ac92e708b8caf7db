"""Telling an owner: what is told, by which route, and once only, whatever breaks."""

from __future__ import annotations

import pytest

from lamplighter.contracts import Actor, ReleaseRef, RunRef, RunReport, SnapshotRef
from lamplighter.errors import LedgerUnavailableError, NotTellableError, SpecError
from lamplighter.ledger import Ledger
from lamplighter.spec import load_spec
from lamplighter.spec.operations import Owner
from lamplighter.steps.night_messages import message, night_messages
from lamplighter.steps.tell_owner import tell_owner
from world import World, day

HOOK = {"via": "webhook", "connection": "hook"}
RELEASED = {"release_model": ReleaseRef(released=True, reason="better", version="7", release=3)}
REFUSED = {"release_model": ReleaseRef(released=False, reason="frozen", version="7")}
WARNED = {
    "validate_data": SnapshotRef(
        as_of=day(50), knowledge_time=day(50), digest="d", tables={}, quarantined=1_200, warnings=2
    )
}


def owner(*routes: dict, **others) -> Owner:
    return Owner.model_validate({"team": "shop", "notify": list(routes) or [{}], **others})


def night(**others) -> RunRef:
    values = {
        "run_key": "returns/1", "model": "returns", "spec_digest": "s", "as_of": day(50),
        "knowledge_time": day(50), "timeline": "live", "force_retrain": False,
        "gate_mode": "enforce", "budget_s": None, "trials": 1, "dry_run": False, "reason": "",
        "actor": Actor(name="scheduler", kind="airflow"),
    }  # fmt: skip
    return RunRef.model_validate({**values, **others})


def said(outcome="promote", outcomes=RELEASED, run=None, to=None, **others):
    """Return what a night of this outcome has to say."""
    run = run or night()
    report = RunReport(
        run_key=run.run_key, model="returns", as_of=run.as_of, outcome=outcome,
        sentences=("It happened.",), **others,
    )  # fmt: skip
    return night_messages(to or owner(), run, report, outcomes, link="http://here/night")


@pytest.mark.parametrize(
    ("outcome", "outcomes", "event", "level"),
    [
        ("promote", RELEASED, "promotion", "info"),
        ("promote", REFUSED, "no_change", "info"),
        ("reject", {}, "no_change", "info"),
        ("inconclusive", {}, "no_change", "info"),
        ("no_training", {}, "no_change", "info"),
        ("stopped", {}, "stopped_data", "critical"),
        ("failed", {}, "failure", "critical"),
    ],
)
def test_each_outcome_of_a_night_is_an_event_with_a_level(outcome, outcomes, event, level):
    (only,) = said(outcome, outcomes)
    assert (only.event, only.level) == (event, level)
    assert only.text.splitlines()[1:] == [
        "It happened.", "Report: http://here/night", "Owner: shop"
    ]  # fmt: skip


def test_the_owner_may_find_an_event_more_severe_than_others_do():
    (only,) = said("reject", {}, to=owner(severity={"no_change": "critical"}))
    assert only.level == "critical"
    assert only.title == "[critical] returns: no new champion"


def test_what_was_set_aside_and_what_warned_is_a_message_of_its_own():
    first, second = said(outcomes={**RELEASED, **WARNED})
    assert (first.event, second.event, second.level) == ("promotion", "warning", "warning")
    assert "1,200 rows were set aside in the quarantine." in second.sentences
    assert "The data gave 2 warnings." in second.sentences


@pytest.mark.parametrize("run", [night(timeline="simulated:b"), night(dry_run=True)])
def test_a_backfill_and_a_dry_run_say_nothing(run):
    assert said("failed", WARNED, run=run) == []


def test_the_same_night_says_the_same_and_another_night_something_else():
    assert said()[0].key == said()[0].key
    assert said()[0].key != said(run=night(run_key="returns/2"))[0].key
    assert said("failed", {})[0].key != said("stopped", {})[0].key


@pytest.fixture
def ledger(tmp_path):
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def failure():
    return message(
        owner(), "failure", model="returns", about="x", title="it failed", sentences=("why",)
    )


def test_each_route_is_told_once_however_often_the_task_is_tried(ledger, failure):
    sent = []
    both = owner({}, HOOK)
    for _ in range(3):
        tell_owner(ledger, both, failure, lambda route, _: sent.append(route.via))
    assert sent == ["log", "webhook"]
    assert [notice.via for notice in ledger.notices("returns")] == ["webhook", "log"]


def test_a_route_that_broke_is_tried_again_and_hinders_no_other(ledger, failure, caplog):
    sent = []

    def send(route, _):
        if route.via == "webhook" and "webhook" not in sent:
            sent.append("webhook")
            raise NotTellableError("connection hook answered with status 503")
        sent.append(route.via)

    both = owner(HOOK, {})
    tell_owner(ledger, both, failure, send)
    assert "returns: it failed could not be told by webhook: connection hook answered" in (
        caplog.text
    )
    tell_owner(ledger, both, failure, send)
    assert sent == ["webhook", "log", "webhook"]


def test_what_a_broken_notifier_says_is_not_logged_since_it_may_hold_a_secret(
    ledger, failure, caplog
):
    def send(*_):
        raise ValueError("cannot reach https://hooks.example/T0K3N")

    assert tell_owner(ledger, owner(HOOK), failure, send) == []
    assert "could not be told by webhook: it raised ValueError" in caplog.text
    assert "T0K3N" not in caplog.text


@pytest.mark.parametrize(
    ("route", "told"),
    [
        ({}, True),
        ({"on": ["promotion"]}, False),
        ({"on": ["failure"], "at_least": "critical"}, True),
        ({"at_least": "warning"}, True),
    ],
)
def test_a_route_is_told_what_it_asks_for(ledger, failure, route, told):
    assert bool(tell_owner(ledger, owner(route), failure, lambda *_: None)) is told


def test_a_route_for_severe_things_is_not_told_of_a_promotion(ledger):
    (promotion,) = said()
    quiet = owner({"at_least": "critical"})
    assert tell_owner(ledger, quiet, promotion, lambda *_: None) == []


def test_without_a_ledger_the_owner_is_told_all_the_same(failure, ledger, monkeypatch, caplog):
    def away(*_, **__):
        raise LedgerUnavailableError("the ledger did not answer")

    monkeypatch.setattr(Ledger, "notice", away)
    monkeypatch.setattr(Ledger, "record_notice", away)
    for book in (ledger, None):
        assert len(tell_owner(book, owner(), failure, lambda *_: None)) == 1
    assert "could not be written down: the ledger did not answer" in caplog.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"notify": [{"via": "smtp", "connection": "mail"}]},
            "needs `to`, or the owner an `email`",
        ),
        ({"notify": [{"via": "webhook"}]}, "a route by webhook needs `connection`"),
        ({"notify": [{"on": ["breakfast"]}]}, "notify"),
        ({"severity": {"failure": "loud"}}, "severity"),
    ],
)
def test_a_route_that_cannot_work_is_refused_in_the_spec(world: World, changes, said):
    world.document["owner"] = {"team": "shop", **changes}
    world.write()
    with pytest.raises(SpecError, match=said):
        load_spec(world.spec_path)
