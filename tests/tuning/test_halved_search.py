"""A search by successive halving, from its first trial to its winner."""

from __future__ import annotations

import itertools

import pytest

from lamplighter.training.folds import Folds
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.pool import open_pool
from lamplighter.tuning.fit_model import MemoryTrials
from lamplighter.tuning.methods import METHODS
from lamplighter.tuning.methods.halving import SuccessiveHalving
from lamplighter.tuning.search import TrialRecord, run_search
from lamplighter.tuning.search import _progress as told_of
from learnable import learnable, quick_trial


def test_good_points_begin_on_little_and_the_best_of_them_end_on_everything():
    halving = SuccessiveHalving(METHODS["random"], factor=2, rungs=2)
    store = MemoryTrials(limit=9)
    run_search(
        learnable(rows=400),
        store,
        algorithms={"linear": ALGORITHMS["linear"]},
        worker=0,
        budget_s=None,
        seed=0,
        threads=1,
        clock=itertools.count().__next__,
        progress=lambda progress: None,
        method=halving,
        resource="rows",
    )
    trials = store.trials()
    low = [t for t in trials if t.fidelity == 0.5]
    whole = [t for t in trials if t.fidelity == 1.0]
    assert [t.fidelity for t in trials[:2]] == [0.5, 0.5]
    start = {name: trials[0].params[name] for name in ALGORITHMS["linear"].defaults}
    assert (trials[0].algorithm, start) == ("linear", dict(ALGORITHMS["linear"].defaults))
    assert len(whole) >= 2
    tried = [{k: v for k, v in t.params.items() if k != "rounds"} for t in low]
    for trial in whole:
        assert {k: v for k, v in trial.params.items() if k != "rounds"} in tried


def test_the_best_loss_that_is_told_is_one_of_the_highest_rung_so_far():
    of_a_part, whole = (
        TrialRecord(index, "linear", {}, loss, 1.0, "ok", fidelity=fidelity)
        for index, (loss, fidelity) in enumerate([(0.4, 0.5), (0.5, 1.0)])
    )
    told = str(told_of([of_a_part], None))
    assert told == "1 trial, best loss 0.4000 (linear, on 50 % of the budget of a trial)"
    assert str(told_of([of_a_part, whole], None)) == "2 trials, best loss 0.5000 (linear)"


@pytest.mark.parametrize(("whole", "taken"), [(1, 4), (3, 3)])
def test_where_few_trials_were_given_everything_those_of_the_rung_below_take_part(whole, taken):
    low = [quick_trial(i, "linear", params={"C": 1.0 + i}, fidelity=0.5) for i in range(4)]
    high = [quick_trial(9 + i, "linear", params={"C": 1.0 + i}) for i in range(whole)]
    pool = open_pool(
        Folds.of(learnable(rows=400), seed=0),
        [*low, *high],
        predictions=lambda index: None,
        progress=lambda sentence: None,
    )
    tried = [trial.params["C"] for trial in pool.trials.values()]
    assert sorted(tried) == [1.0 + i for i in range(taken)]
    assert sum(trial.fidelity == 1.0 for trial in pool.trials.values()) == whole
