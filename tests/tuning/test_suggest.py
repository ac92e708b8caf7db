"""The next point of a search."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.space import Choice
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.suggest import suggest

NAMES = tuple(ALGORITHMS)


def next_point(index: int, trials: list[TrialRecord], seed: int = 0, among=NAMES):
    return suggest(index, seed=seed, algorithms=NAMES, among=among, trials=trials)


def history(length: int, seed: int = 0, among=NAMES) -> list[TrialRecord]:
    """Trials whose loss grows with the distance of the learning rate from 0.06."""
    trials: list[TrialRecord] = []
    for index in range(length):
        name, params = next_point(index, trials, seed, among)
        loss = abs(params.get("learning_rate", 0.3) - 0.06)
        trials.append(TrialRecord(index, name, params, loss, seconds=1.0, status="ok"))
    return trials


def test_the_first_trials_are_the_defaults_of_every_algorithm():
    found = [next_point(index, []) for index in range(3)]
    assert found == [(name, dict(ALGORITHMS[name].defaults)) for name in NAMES]


def test_a_point_depends_on_seed_index_and_what_is_stored_alone():
    trials = history(14)
    assert next_point(14, trials) == next_point(14, list(reversed(trials)))
    assert next_point(14, trials) == next_point(
        14, [replace(t, seconds=9.0, worker=3) for t in trials]
    )
    assert next_point(14, trials) != next_point(14, trials, seed=1)
    assert next_point(14, trials) != next_point(15, trials)
    assert next_point(14, trials) != next_point(14, trials[:10])


def test_stored_trials_come_back_through_json_unchanged():
    trials = history(14)
    read = [json.loads(json.dumps(asdict(trial))) for trial in trials]
    stored = [TrialRecord(**values | {"folds": tuple(values["folds"])}) for values in read]
    assert stored == trials
    assert next_point(14, stored) == next_point(14, trials)


def test_every_point_lies_inside_the_space():
    for trial in history(25):
        space = ALGORITHMS[trial.algorithm].space
        assert set(trial.params) == set(space)
        for name, value in trial.params.items():
            dimension = space[name]
            if isinstance(dimension, Choice):
                assert value in dimension.options
                continue
            assert dimension.low - 1e-9 <= value <= dimension.high + 1e-9
            assert isinstance(value, int) == dimension.whole


def test_later_points_learn_from_earlier_ones():
    late = [
        abs(trial.params["learning_rate"] - 0.06)
        for seed in range(3)
        for trial in history(35, seed, among=("hist_gradient_boosting",))[20:]
    ]
    # Drawn evenly in its logarithm the rate would be 0.073 off on average.
    assert sum(late) / len(late) < 0.03


def test_rounds_found_by_early_stopping_are_no_part_of_the_space():
    trials = history(12)
    with_rounds = [replace(t, params=t.params | {"rounds": 50}) for t in trials]
    assert next_point(12, with_rounds) == next_point(12, trials)


def test_failed_trials_count_as_bad_and_do_not_break_the_search():
    trials = history(14)
    failed = [replace(t, loss=None, status="failed", error="no") for t in trials]
    name, params = next_point(14, failed)
    assert set(params) == set(ALGORITHMS[name].space)


@pytest.mark.parametrize("among", [("linear",), ("hist_gradient_boosting", "linear")], ids=len)
def test_only_algorithms_that_there_is_time_for_are_suggested(among):
    trials = history(14)
    for index in (0, 1, 14, 20):
        assert next_point(index, trials, among=among)[0] in among
