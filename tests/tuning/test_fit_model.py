"""Search and ensemble in one call: within its budget, repeatable, and open about what it lacks."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.budget import Budget, too_short
from lamplighter.tuning.fit_model import MemoryTrials, fit_model
from learnable import learnable

FEW = {name: ALGORITHMS[name] for name in ("linear", "xgboost")}


def test_a_budget_in_trials_gives_equal_bytes_twice():
    data = learnable(rows=300)
    times = np.arange(300)
    first, second = (
        fit_model(data.X, data.y, task="binary", trials=3, times=times, algorithms=FEW)
        for _ in range(2)
    )
    assert first.predictor.to_bytes() == second.predictor.to_bytes()
    assert np.isfinite(first.predictor.predict(data.X)).all()


def test_rows_of_one_group_are_never_on_both_sides_of_a_fold():
    data = learnable(rows=300)
    groups = np.arange(300) // 10
    store = MemoryTrials(1)
    fit_model(
        data.X, data.y, task="binary", groups=groups, algorithms={"linear": FEW["linear"]},
        store=store,
        trials=1,
    )  # fmt: skip
    assert [len(part) for part in store.predictions(0) or ()] == [40, 40, 40, 40, 40, 40, 30, 30]


def test_without_a_budget_it_asks_for_one():
    data = learnable(rows=50)
    with pytest.raises(ValueError, match="got no budget; give budget_s, or trials, or both"):
        fit_model(data.X, data.y, task="binary")


def test_a_budget_too_short_for_a_second_trial_is_said_and_gives_a_model():
    data = learnable(rows=200)
    said: list[str] = []
    found = fit_model(
        data.X, data.y, task="binary", budget_s=1e-3, algorithms=FEW, progress=said.append
    )
    assert found.chosen == "linear"
    assert any(
        "0.001 s are too short a budget: there was time for one trial only" in s for s in said
    )


def test_a_budget_that_was_enough_is_not_called_too_short():
    one = TrialRecord(0, "linear", {}, loss=0.5, seconds=2.0, status="ok")
    assert too_short([one, one], budget_s=60.0) == ""
    assert too_short([one], budget_s=None) == ""
    assert too_short([one], budget_s=60.0, limit=1) == ""
    assert too_short([one], budget_s=3.0).startswith("3 s are too short a budget")


def test_little_time_goes_to_the_first_trial_of_a_fifth_algorithm_and_more_to_its_second():
    budget = Budget(clock=lambda: 100.0, begun=100.0, seconds=50.0)

    def seconds_for(algorithm: str, tried: str) -> float:
        trials = [TrialRecord(n, name, {}, 0.5, 0.1, "ok") for n, name in enumerate(tried)]
        countdown = budget.for_one_trial(algorithm, trials)
        assert countdown is not None
        return countdown()

    assert seconds_for("a", "") == pytest.approx(5.0)
    assert seconds_for("e", "abcd") == pytest.approx(2.0)
    assert seconds_for("e", "abcde") == pytest.approx(12.5)
