"""Releases: a chain of champions that nobody can fork, read at any time of the data's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from lamplighter.errors import LedgerError, StaleReleaseError, UsageError

RELEASE = """
def act(url, key, predecessor):
    when = datetime(2013, 7, 2, tzinfo=UTC)
    request = ReleaseRequest(
        key=key, model="flights", version=key, predecessor=predecessor, as_of=when,
        artifact=ArtifactRef(key=key, digest=key, size_bytes=1), valid_from=when,
        actor=Actor(name=key, kind="airflow"), reason="race")
    try:
        return ["won", Ledger.open(url).release(request).id]
    except LamplighterError as error:
        return [type(error).__name__, str(error)]
"""


def test_a_model_without_releases_has_no_champion(ledger):
    assert ledger.champion("flights") is None
    assert ledger.releases("flights") == []


def test_the_first_release_makes_a_champion_that_is_read_back_whole(ledger, wish, day, actor):
    stored = ledger.release(wish("first"))
    assert ledger.champion("flights") == stored == ledger.release_by_key("first")
    assert (stored.predecessor, stored.version, stored.actor) == (0, "first", actor)
    assert (stored.valid_from, stored.valid_to) == (day(1), None)


def test_the_end_of_a_time_as_champion_is_the_start_of_the_next(ledger, wish, day):
    first = ledger.release(wish("first"))
    second = ledger.release(wish("second", after=first.id, on=5))
    spans = [(row.version, row.valid_from, row.valid_to) for row in ledger.releases("flights")]
    assert spans == [("first", day(1), day(5)), ("second", day(5), None)]
    assert second.predecessor == first.id


def test_a_champion_is_one_from_its_very_first_instant(ledger, wish, day):
    first = ledger.release(wish("first"))
    ledger.release(wish("second", after=first.id, on=5))
    instant = timedelta(microseconds=1)
    assert ledger.champion("flights", at=day(1) - instant) is None
    assert ledger.champion("flights", at=day(5) - instant).version == "first"
    assert ledger.champion("flights", at=day(5)).version == "second"


def test_the_same_key_again_is_no_act_whatever_happened_since(ledger, wish):
    request = wish("first")
    first = ledger.release(request)
    ledger.release(wish("second", after=first.id, on=5))
    again = ledger.release(replace(request, valid_from=request.valid_from + timedelta(hours=1)))
    assert (again.id, again.valid_from) == (first.id, first.valid_from)
    assert len(ledger.releases("flights")) == 2


def test_one_key_for_two_acts_is_refused(ledger, wish):
    ledger.release(wish("first"))
    with pytest.raises(LedgerError, match=r"the key first stands for .* two acts need two keys"):
        ledger.release(wish("first", version="another"))


def test_a_release_judged_against_a_former_champion_is_stale(ledger, wish):
    first = ledger.release(wish("first"))
    second = ledger.release(wish("second", after=first.id, on=5))
    with pytest.raises(
        StaleReleaseError,
        match=rf"judged against release {first.id}, but on live release {second.id} "
        r"\(version second\) is champion; judge it against that one",
    ):
        ledger.release(wish("third", after=first.id, on=6))


def test_a_release_judged_against_no_champion_is_stale_when_there_is_one(ledger, wish):
    ledger.release(wish("first"))
    with pytest.raises(StaleReleaseError, match="judged against no champion, but on live release"):
        ledger.release(wish("second", on=6))


def test_a_release_judged_against_another_models_champion_is_stale(ledger, wish):
    other = ledger.release(wish("first", model="payments"))
    with pytest.raises(StaleReleaseError, match="but on live there is none"):
        ledger.release(wish("second", after=other.id, on=6))


@pytest.mark.parametrize(("as_of", "valid_from"), [(5, 7), (4, 7), (5.5, 6), (5.5, 5.9)])
def test_time_on_live_only_goes_forwards(ledger, wish, day, as_of, valid_from):
    first = ledger.release(wish("first", on=5, valid_from=day(6)))
    with pytest.raises(StaleReleaseError, match=rf"not later than release {first.id} as of 2013"):
        ledger.release(wish("second", after=first.id, as_of=day(as_of), valid_from=day(valid_from)))


def test_a_release_cannot_begin_before_its_own_as_of(ledger, wish, day):
    with pytest.raises(UsageError, match="an approval can only take time"):
        ledger.release(wish("first", on=5, valid_from=day(4)))


def test_a_release_names_a_decision_that_is_stored(ledger, wish, day, actor):
    with pytest.raises(LedgerError, match="names the decision gate-1, which the ledger does not"):
        ledger.release(wish("first", decision_key="gate-1"))
    ledger.record_decision(
        "gate-1", run_key="run", model="flights", timeline="live", kind="promotion",
        verdict="promote", reason="better", evidence={}, as_of=day(1), actor=actor,
    )  # fmt: skip
    assert ledger.release(wish("first", decision_key="gate-1")).decision_key == "gate-1"


def test_rollback_promotion_and_adoption_are_links_of_the_same_chain(ledger, wish):
    kinds = ["adopt", "release", "rollback", "promote"]
    head = 0
    for number, kind in enumerate(kinds):
        request = wish(f"act {number}", after=head, on=1 + number, kind=kind, version="7")
        head = ledger.release(request).id
    chain = ledger.releases("flights")
    assert [release.kind for release in chain] == kinds
    assert [release.predecessor for release in chain] == [0, *(row.id for row in chain[:-1])]


def test_two_processes_that_follow_one_champion_make_one_successor(url, ledger, wish, race):
    head = ledger.release(wish("first")).id
    results = race(RELEASE, *([url, f"racer {number}", head] for number in range(4)))
    assert sorted(outcome for outcome, _ in results) == ["StaleReleaseError"] * 3 + ["won"]
    (winner,) = [found for outcome, found in results if outcome == "won"]
    assert [row.id for row in ledger.releases("flights")] == [head, winner]
    assert all(
        f"but on live release {winner} " in found for outcome, found in results if outcome != "won"
    )


def test_processes_that_race_on_an_unwritten_ledger_make_one_first_champion(url, race):
    from lamplighter.ledger import Ledger

    results = race(RELEASE, *([url, f"racer {number}", 0] for number in range(4)))
    assert sorted(outcome for outcome, _ in results) == ["StaleReleaseError"] * 3 + ["won"]
    assert len(Ledger.open(url).releases("flights")) == 1


def test_one_act_done_by_several_processes_at_once_is_one_row(url, ledger, wish, race):
    head = ledger.release(wish("first")).id
    results = race(RELEASE, *([url, "doubled", head] for _ in range(4)))
    assert {outcome for outcome, _ in results} == {"won"}
    assert len({found for _, found in results}) == 1
    assert len(ledger.releases("flights")) == 2


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
@pytest.mark.parametrize("champion", [0, 1], ids=["no champion", "a champion"])
@pytest.mark.parametrize("moment", range(4))
def test_a_twin_that_commits_at_any_moment_of_the_act_is_the_same_act(
    url, ledger, wish, moment, champion
):
    from lamplighter.ledger import Ledger

    head = ledger.release(wish("first")).id if champion else 0
    request = wish("doubled", after=head, on=5)
    twin = Ledger.open(url)
    seen: list[str] = []

    def let_the_twin_go_first(_connection, _cursor, statement, *_):
        inserted = any(former.startswith("INSERT") for former in seen)
        if len(seen) == moment and not inserted:  # after it, the twin would wait for us
            twin.release(request)
        seen.append(statement)

    engine = ledger._database._engine
    sa.event.listen(engine, "before_cursor_execute", let_the_twin_go_first)
    mine = ledger.release(request)
    sa.event.remove(engine, "before_cursor_execute", let_the_twin_go_first)
    assert mine == twin.release(request)
    assert len(ledger.releases("flights")) == champion + 1


def test_a_simulated_timeline_begins_with_the_champion_that_live_had_then(ledger, wish, day):
    first = ledger.release(wish("first"))
    ledger.release(wish("second", after=first.id, on=5))
    then = {on: ledger.champion("flights", timeline="simulated:x", at=day(on)) for on in (0, 3, 6)}
    assert then[0] is None
    assert (then[3].version, then[3].timeline) == ("first", "live")
    assert then[6].version == "second"
    assert ledger.releases("flights", timeline="simulated:x") == []


def test_a_simulated_release_is_judged_against_the_champion_it_inherits(ledger, wish, day):
    live = ledger.release(wish("first"))
    ledger.release(wish("second", after=live.id, on=20))
    request = wish("sim", on=5, timeline="simulated:x")
    with pytest.raises(StaleReleaseError, match="judged against no champion, but on simulated:x"):
        ledger.release(request)
    own = ledger.release(replace(request, predecessor=live.id))
    assert own.predecessor == 0

    at_3, at_5, at_30 = (
        ledger.champion("flights", timeline="simulated:x", at=day(on)) for on in (3, 5, 30)
    )
    assert (at_3.id, at_3.valid_to) == (live.id, day(5))
    assert at_5 == at_30 == own
    assert ledger.champion("flights", at=day(5)).id == live.id


def test_a_simulated_night_replaces_the_champion_of_the_moment_before_it(ledger, wish, day):
    first = ledger.release(wish("first"))
    ledger.release(wish("second", after=first.id, on=5))
    before = ledger.champion("flights", timeline="simulated:x", at=day(5) - timedelta(seconds=1))
    own = ledger.release(wish("sim", after=before.id, on=5, timeline="simulated:x"))
    assert ledger.champion("flights", timeline="simulated:x", at=day(5)) == own


def test_two_first_releases_cannot_stand_on_one_simulated_timeline(ledger, wish):
    live = ledger.release(wish("first"))
    ledger.release(wish("sim", after=live.id, on=5, timeline="simulated:x"))
    with pytest.raises(StaleReleaseError, match="on simulated:x release"):
        ledger.release(wish("sim 2", after=live.id, on=6, timeline="simulated:x"))


def test_the_past_may_be_simulated_after_live_went_on(ledger, wish):
    live = ledger.release(wish("first"))
    ledger.release(wish("second", after=live.id, on=20))
    own = ledger.release(wish("sim", after=live.id, on=5, timeline="simulated:x"))
    ledger.release(wish("sim 2", after=own.id, on=8, timeline="simulated:x"))
    assert [row.version for row in ledger.releases("flights")] == ["first", "second"]


def test_a_misspelt_timeline_is_refused_and_not_taken_for_an_empty_one(ledger, wish):
    with pytest.raises(UsageError, match="timeline is 'Live', expected 'live' or 'simulated:<id>'"):
        ledger.champion("flights", timeline="Live")
    with pytest.raises(UsageError, match="timeline is 'simulated:'"):
        ledger.release(wish("first", timeline="simulated:"))


def test_an_instant_is_the_same_in_every_zone(ledger, wish):
    new_york = timezone(timedelta(hours=-4))
    midnight = datetime(2013, 7, 1, 20, tzinfo=new_york)
    ledger.release(wish("first", as_of=midnight, valid_from=midnight))
    stored = ledger.champion("flights", at=datetime(2013, 7, 2, 2, tzinfo=UTC))
    assert stored.valid_from == midnight
    assert stored.valid_from.utcoffset() == timedelta(0)
    just_before = datetime(2013, 7, 1, 19, 59, 59, tzinfo=new_york)
    assert ledger.champion("flights", at=just_before) is None


def test_a_time_without_a_zone_is_refused(ledger, wish):
    naive = datetime(2013, 7, 1)
    with pytest.raises(UsageError, match="valid_from is 2013-07-01T00:00:00, expected a time with"):
        ledger.release(wish("first", valid_from=naive))
    with pytest.raises(LedgerError, match="expected a time with its zone"):
        ledger.champion("flights", at=naive)
