"""Searches: every trial is given out once, whoever asks and whoever dies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lamplighter.errors import LedgerError
from lamplighter.ledger import Ledger
from lamplighter.ledger.book import utc_now

WORK = """
def act(url, worker, limit):
    ledger, own = Ledger.open(url), []
    while (index := ledger.claim_trial("s", worker=worker, limit=limit)) is not None:
        ledger.add_trial("s", index=index, worker=worker, algorithm="linear",
                         params={"c": index / 3}, loss=0.1, seconds=0.5, status="ok")
        own.append(index)
    return own
"""
CLAIM = """
def act(url, worker):
    return Ledger.open(url).claim_trial("s", worker=worker, limit=None)
"""


@pytest.fixture
def search(ledger, day):
    ledger.open_search("s", model="flights", as_of=day(1), timeline="live", settings={"seed": 0})
    return ledger


def finish(ledger, index, *, worker=0, **others):
    values = {
        "algorithm": "xgboost",
        "params": {"depth": 3, "rate": 0.1},
        "loss": 0.5,
        "seconds": 1.5,
        "status": "ok",
    }
    return ledger.add_trial("s", index=index, worker=worker, **{**values, **others})


def test_a_search_opened_again_is_the_one_that_is_stored(search, day):
    again = search.open_search(
        "s", model="flights", as_of=day(1), timeline="live", settings={"seed": 1}
    )
    assert again.settings == {"seed": 0}


def test_indices_are_given_out_one_after_the_other_up_to_the_limit(search):
    assert [search.claim_trial("s", worker=n, limit=3) for n in range(5)] == [0, 1, 2, None, None]


def test_without_a_limit_there_is_always_a_next_trial(search):
    assert [search.claim_trial("s", worker=n, limit=None) for n in range(5)] == [0, 1, 2, 3, 4]


def test_a_worker_that_died_gets_its_own_trial_again(search):
    assert search.claim_trial("s", worker=0, limit=9) == 0
    assert search.claim_trial("s", worker=1, limit=9) == 1
    assert search.claim_trial("s", worker=0, limit=9) == 0
    finish(search, 0)
    assert search.claim_trial("s", worker=0, limit=9) == 2


def test_it_is_counted_how_often_a_trial_is_given_out(search):
    assert search.claims_of("s", 0) == 0
    for given_out in (1, 2, 3):
        assert search.claim_trial("s", worker=0, limit=9) == 0
        assert search.claims_of("s", 0) == given_out
    assert search.claim_trial("s", worker=1, limit=9) == 1
    assert search.claims_of("s", 1) == 1


def test_an_unfinished_trial_comes_back_even_when_all_are_given_out(search):
    assert search.claim_trial("s", worker=0, limit=1) == 0
    assert search.claim_trial("s", worker=0, limit=1) == 0
    finish(search, 0)
    assert search.claim_trial("s", worker=0, limit=1) is None


def test_a_failed_trial_is_finished_too(search):
    search.claim_trial("s", worker=0, limit=2)
    failed = finish(search, 0, loss=None, status="failed", error="loss was NaN")
    assert search.trials("s") == [failed]
    assert search.claim_trial("s", worker=0, limit=2) == 1


def test_a_trial_told_twice_stays_as_first_told(search):
    search.claim_trial("s", worker=0, limit=None)
    first = finish(search, 0)
    assert finish(search, 0, loss=0.4) == first
    assert search.trials("s") == [first]
    assert first.params == {"depth": 3, "rate": 0.1}


def test_a_trial_that_nobody_claimed_is_refused(search):
    with pytest.raises(LedgerError, match="trial 4 of s was not claimed; call claim_trial first"):
        finish(search, 4)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_refused(search, loss):
    search.claim_trial("s", worker=0, limit=None)
    with pytest.raises(LedgerError, match="record it as failed, with no loss"):
        finish(search, 0, loss=loss)


def test_a_search_that_nobody_opened_is_named(ledger):
    with pytest.raises(LedgerError, match="holds no search nope; call open_search first"):
        ledger.claim_trial("nope", worker=0, limit=None)
    with pytest.raises(LedgerError, match="holds no search nope"):
        ledger.finish_search("nope", {})


def test_a_finished_search_is_read_back_and_never_finished_otherwise(search):
    assert search.finished_search("s") is None
    assert search.finish_search("s", {"best": 3}) == {"best": 3}
    assert search.finish_search("s", {"best": 4}) == {"best": 3}
    assert search.finished_search("s") == {"best": 3}


def test_searches_do_not_mix(search, day):
    search.open_search("t", model="flights", as_of=day(1), timeline="live", settings={})
    search.claim_trial("s", worker=0, limit=None)
    finish(search, 0)
    assert search.claim_trial("t", worker=0, limit=None) == 0
    assert search.trials("t") == []


def test_four_workers_do_every_trial_exactly_once(url, search, race):
    done = race(WORK, *([url, worker, 60] for worker in range(4)))
    assert sorted(index for own in done for index in own) == list(range(60))
    stored = search.trials("s")
    assert [trial.index for trial in stored] == list(range(60))
    assert {trial.index: trial.worker for trial in stored} == {
        index: worker for worker, own in enumerate(done) for index in own
    }


def test_one_worker_started_twice_holds_one_trial_at_a_time(url, search, race):
    assert race(CLAIM, *([url, 0] for _ in range(4))) == [0] * 4


def test_a_dead_workers_trial_is_given_out_again_once_and_not_before_it_is_abandoned(url, search):
    begun = utc_now()

    def claim(worker, *, minutes):
        later = Ledger.open(url, now=lambda: begun + timedelta(minutes=minutes))
        patience = timedelta(minutes=5)
        return later.claim_trial("s", worker=worker, limit=1, abandoned_after=patience)

    assert claim(0, minutes=0) == 0
    assert claim(1, minutes=4) is None
    assert [claim(worker, minutes=6) for worker in (1, 2, 0)] == [0, None, None]
    assert [claim(worker, minutes=12) for worker in (0, 1, 2)] == [0, None, None]


def test_folds_and_fidelity_of_a_trial_are_read_back(search):
    search.claim_trial("s", worker=0, limit=None)
    search.add_trial(
        "s", index=0, worker=0, algorithm="a", params={}, loss=None, seconds=1.0,
        status="pruned", error="hopeless", folds=[0.5, 0.25], fidelity=0.5,
    )  # fmt: skip
    (trial,) = search.trials("s")
    assert (trial.status, trial.folds, trial.fidelity) == ("pruned", (0.5, 0.25), 0.5)
