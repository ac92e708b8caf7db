"""A search by successive halving, from its first trial to its winner."""

from __future__ import annotations

import itertools

from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.tuning.fit_model import MemoryTrials
from lamplighter.tuning.methods import METHODS
from lamplighter.tuning.methods.halving import SuccessiveHalving
from lamplighter.tuning.search import run_search
from learnable import learnable


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
