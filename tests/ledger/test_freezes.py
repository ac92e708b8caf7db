"""Freezes: a frozen model gets no new champion, however the two acts race."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from lamplighter.errors import FrozenError, UsageError

FREEZE_OR_RELEASE = """
def act(url, what, number):
    ledger = Ledger.open(url)
    model = f"m{number}"
    ada = Actor(name="ada", kind="os_user")
    if what == "freeze":
        frozen = ledger.freeze(model, reason="race", actor=ada)
        # What is champion once the freeze is stored must stay champion.
        head = ledger.champion(model)
        return ["frozen", head.version if head else None]
    when = datetime(2013, 7, 2, tzinfo=UTC)
    request = ReleaseRequest(
        key=f"{model}/{what}", model=model, version=what, predecessor=0, as_of=when,
        artifact=ArtifactRef(key=what, digest=what, size_bytes=1), valid_from=when,
        actor=ada, reason="race")
    try:
        return ["released", ledger.release(request).version]
    except LamplighterError as error:
        return [type(error).__name__, None]
"""


def test_a_frozen_model_gets_no_new_champion_and_the_reason_is_said(ledger, wish, actor):
    ledger.freeze("flights", reason="the source is being rebuilt", actor=actor)
    with pytest.raises(
        FrozenError, match=r"flights is frozen by ada \(OS user\) since \d{4}-.* UTC: the source is"
    ):
        ledger.release(wish("first"))
    assert ledger.champion("flights") is None


def test_another_model_is_not_frozen_with_it_but_with_all_of_them(ledger, wish, actor):
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    ledger.release(wish("first", model="tea"))
    ledger.freeze("*", reason="migration", actor=actor)
    with pytest.raises(FrozenError, match="tea is frozen with all models by ada"):
        ledger.release(wish("second", model="tea", after=1, on=5))


def test_an_unfrozen_model_is_released_as_before(ledger, wish, actor):
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    ledger.unfreeze("flights", reason="done", actor=actor)
    assert ledger.standing_freezes("flights") == []
    assert ledger.release(wish("first")).version == "first"


def test_a_models_own_freeze_outlives_the_one_over_all(ledger, wish, actor):
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    ledger.freeze("*", reason="migration", actor=actor)
    assert [act.model for act in ledger.standing_freezes("flights")] == ["flights", "*"]
    ledger.unfreeze("*", reason="migrated", actor=actor)
    with pytest.raises(FrozenError, match="stocktaking"):
        ledger.release(wish("first"))


def test_freezing_twice_is_one_freeze_and_lifting_twice_is_one_act(ledger, actor):
    first = ledger.freeze("flights", reason="stocktaking", actor=actor)
    assert ledger.freeze("flights", reason="again", actor=actor) == first
    assert ledger.unfreeze("flights", reason="done", actor=actor).kind == "unfreeze"
    assert ledger.unfreeze("flights", reason="done", actor=actor) is None
    again = ledger.freeze("flights", reason="next year", actor=actor)
    assert [(act.kind, act.reason) for act in ledger.freeze_acts("flights")] == [
        ("freeze", "stocktaking"), ("unfreeze", "done"), ("freeze", "next year")
    ]  # fmt: skip
    assert ledger.standing_freezes("flights") == [again]


def test_what_was_released_before_the_freeze_is_found_again_under_its_key(ledger, wish, actor):
    stored = ledger.release(wish("first"))
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    assert ledger.release(wish("first")) == stored


def test_a_simulated_timeline_is_not_frozen(ledger, wish, actor):
    ledger.freeze("*", reason="stocktaking", actor=actor)
    assert ledger.release(wish("first", timeline="simulated:x")).version == "first"


def test_a_rollback_may_pass_a_freeze_when_it_says_so_and_nothing_else_may(ledger, wish, actor):
    first = ledger.release(wish("first"))
    ledger.freeze("flights", reason="stocktaking", actor=actor)
    back = {"after": first.id, "on": 5, "kind": "rollback"}
    with pytest.raises(FrozenError):
        ledger.release(wish("back", **back))
    assert ledger.release(wish("back", **back, even_if_frozen=True)).kind == "rollback"
    with pytest.raises(UsageError, match="only a rollback may pass a freeze"):
        ledger.release(wish("third", after=2, on=6, even_if_frozen=True))


def test_a_freeze_without_a_reason_is_refused(ledger, actor):
    with pytest.raises(UsageError, match="a reason is needed"):
        ledger.freeze("flights", reason=" ", actor=actor)


def test_after_a_freeze_is_stored_no_release_that_raced_with_it_appears(url, ledger, race):
    each = [[url, what, number] for number in range(4) for what in ("freeze", "v")]
    results = race(FREEZE_OR_RELEASE, *each)
    for number in range(4):
        (_, seen), (release, _) = results[2 * number : 2 * number + 2]
        head = ledger.champion(f"m{number}")
        assert (head.version if head else None) == seen
        assert release == ("released" if seen else "FrozenError")


def test_a_freeze_waits_for_a_release_that_is_being_stored(ledger, wish, actor, monkeypatch):
    looked, go_on = threading.Event(), threading.Event()

    def pause(*_):
        looked.set()
        go_on.wait(60)

    monkeypatch.setattr("lamplighter.ledger.releases._check_decision", pause)
    with ThreadPoolExecutor(2) as both:
        release = both.submit(ledger.release, wish("first"))
        looked.wait(60)  # it has seen that nothing is frozen, and is not stored yet
        freeze = both.submit(ledger.freeze, "flights", reason="stocktaking", actor=actor)
        ended, _ = wait([freeze], timeout=0.5)
        go_on.set()
    assert not ended
    assert release.result().version == "first"
    assert ledger.standing_freezes("flights") == [freeze.result()]


def test_two_who_freeze_at_once_make_one_freeze(url, ledger, race):
    race(FREEZE_OR_RELEASE, *([url, "freeze", 0] for _ in range(5)))
    assert len(ledger.freeze_acts("m0")) == 1


def test_a_notice_is_stored_once_and_the_first_one_stands(ledger):
    values = {"model": "flights", "event": "failure", "level": "critical", "via": "log"}
    ledger.record_notice("n", message="broke", **values)
    ledger.record_notice("n", message="broke again", **values)
    assert ledger.notice("n").message == "broke"
    assert ledger.notices("flights") == [ledger.notice("n")]
    assert ledger.notice("another") is None
