"""What holds for every search method."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace
from functools import cache

import numpy as np
import pytest

from known_functions import BOOSTER, NETWORK, regret, search
from lamplighter.errors import SpecError
from lamplighter.spec.search import Halving, Search
from lamplighter.training.space import Choice, Range, lies_in
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.history import past_points
from lamplighter.tuning.methods import METHODS, Suggestion, method_of
from lamplighter.tuning.methods.grid import GridSearch
from lamplighter.tuning.methods.halving import SuccessiveHalving

BOTH = {"booster": BOOSTER, "network": NETWORK}
ONE = {"booster": BOOSTER}

each_method = pytest.mark.parametrize("name", list(METHODS))


def spaces_for(name: str) -> dict[str, object]:
    return BOTH if METHODS[name].handles_branches else ONE


@each_method
def test_every_point_lies_in_its_space_in_plain_values_and_none_comes_twice(name):
    spaces = spaces_for(name)
    trials = search(METHODS[name], spaces, trials=25)
    assert len(trials) == 25
    for trial in trials:
        assert lies_in(spaces[trial.algorithm], trial.params), trial.params
        assert {type(value) for value in trial.params.values()} <= {str, int, float}
    points = {json.dumps([t.algorithm, t.params, t.fidelity], sort_keys=True) for t in trials}
    assert len(points) == 25


@each_method
def test_a_suggestion_depends_on_seed_index_and_ended_trials_alone(name):
    method, spaces = METHODS[name], spaces_for(name)
    trials = search(method, spaces, trials=15)

    def ask(index=15, seed=0, trials=trials):
        return method.suggest(index, seed=seed, spaces=spaces, trials=trials)

    shuffled = list(trials)
    random.Random(0).shuffle(shuffled)
    read_back = [TrialRecord(**json.loads(json.dumps(asdict(t)))) for t in trials]
    assert ask() == ask() == ask(trials=shuffled) == ask(trials=read_back)
    assert ask() == ask(trials=[replace(t, seconds=9.0, worker=3) for t in trials])
    others = [ask(index=16), ask(seed=1)]
    assert any(other != ask() for other in others)


@each_method
def test_a_resumed_search_ends_with_the_trials_of_an_undisturbed_one(name):
    method, spaces = METHODS[name], spaces_for(name)
    undisturbed = search(method, spaces, trials=16, seed=3)
    assert search(method, spaces, trials=16, seed=3, before=undisturbed[:9]) == undisturbed


@each_method
def test_what_early_stopping_found_and_foreign_trials_count_for_nothing(name):
    method, spaces = METHODS[name], spaces_for(name)
    trials = search(method, spaces, trials=15)
    noisy = [replace(t, params=t.params | {"rounds": 31}) for t in trials]
    foreign = TrialRecord(-1, "elsewhere", {"a": 1}, 0.0, 1.0, "ok")
    outside = replace(trials[0], index=-2, params={"rate": 3.0}, loss=-5.0)
    noisy += [foreign, outside]
    wanted = method.suggest(15, seed=0, spaces=spaces, trials=trials)
    assert method.suggest(15, seed=0, spaces=spaces, trials=noisy) == wanted


@each_method
@pytest.mark.parametrize("loss", [None, float("inf"), float("nan")])
def test_a_search_goes_on_when_trials_fail(name, loss):
    method, spaces = METHODS[name], spaces_for(name)
    trials = search(method, spaces, trials=12)
    broken = [
        replace(t, loss=loss, status="failed") if t.index % 2 or loss is None else t for t in trials
    ]
    found = method.suggest(12, seed=0, spaces=spaces, trials=broken)
    assert found is not None
    assert lies_in(spaces[found.algorithm], found.params)


@pytest.mark.parametrize("name", ["grid", "tpe", "anneal", "gp"])
def test_a_space_that_holds_no_other_point_is_exhausted(name):
    spaces = {"small": {"kind": Choice(("a", "b")), "depth": Range(1, 3, whole=True)}}
    losses = {"small": lambda p: p["depth"] + 0.5}
    trials = search(METHODS[name], spaces, trials=50, losses=losses)
    points = {(t.params["kind"], t.params["depth"]) for t in trials}
    assert len(trials) == len(points) == 6


@cache
def median_regret(name: str, algorithm: str, trials: int, seeds: int = 5) -> float:
    spaces = {algorithm: BOTH[algorithm]}
    method = SuccessiveHalving(METHODS["random"]) if name == "halving" else METHODS[name]
    return float(
        np.median([regret(search(method, spaces, trials=trials, seed=s)) for s in range(seeds)])
    )


@pytest.mark.parametrize("name", ["tpe", "gp", "anneal"])
def test_methods_that_learn_beat_random_search(name):
    assert median_regret(name, "booster", 32) < 0.75 * median_regret("random", "booster", 32)


def test_tpe_beats_random_search_in_branches_too():
    ours, random_ones = (median_regret(name, "network", 40, 7) for name in ("tpe", "random"))
    assert ours < 0.75 * random_ones


def test_of_several_algorithms_the_better_one_gets_most_trials_and_none_is_forgotten():
    losses = {
        "good": lambda p: 0.30 + (p["x"] - 0.5) ** 2,
        "bad": lambda p: 0.60 + (p["x"] - 0.5) ** 2,
        "close": lambda p: 0.31 + (p["x"] - 0.5) ** 2,
    }
    spaces = {name: {"x": Range(0, 1)} for name in losses}
    trials = search(METHODS["tpe"], spaces, trials=45, losses=losses)
    counts = {name: sum(t.algorithm == name for t in trials) for name in losses}
    assert counts["bad"] >= 2
    assert counts["good"] > 2 * counts["bad"]
    assert counts["close"] > counts["bad"]


def test_gp_refuses_branches_and_names_the_methods_that_can():
    message = r"gp cannot search the space of network.*choose grid, random, tpe or anneal"
    for method in (METHODS["gp"], SuccessiveHalving(METHODS["gp"])):
        assert not method.handles_branches
        with pytest.raises(SpecError, match=message):
            method.suggest(0, seed=0, spaces=BOTH, trials=[])


def test_two_workers_who_ask_gp_at_once_get_different_points():
    trials = search(METHODS["gp"], ONE, trials=20)
    first, second = (
        METHODS["gp"].suggest(index, seed=0, spaces=ONE, trials=trials) for index in (20, 21)
    )
    assert first != second


def test_a_pruned_trial_is_judged_by_the_folds_it_had():
    def tried(index: int, x: float, loss: float | None, folds: tuple[float, ...]) -> TrialRecord:
        status = "ok" if loss is not None else "pruned"
        return TrialRecord(index, "f", {"x": x}, loss, 1.0, status, folds=folds)

    # Whole trials end at 1.1 times the mean of their first fold, so .7 on it promises .77.
    whole = [tried(0, 0.1, 0.55, (0.5, 0.6)), tried(1, 0.2, 0.66, (0.6, 0.72))]
    found = past_points([*whole, tried(2, 0.3, None, (0.7,))], {"f": {"x": Range(0, 1)}})
    assert [past.loss for past in found] == pytest.approx([0.55, 0.66, 0.77])


def test_the_grid_is_every_combination_of_every_branch_once():
    grid = GridSearch(values=3)
    spaces = {"network": {name: NETWORK[name] for name in ("layers", "activation")}}
    trials = search(grid, spaces, trials=99, losses={"network": lambda p: 1.0})
    # 0 layers: 1; 1 layer: 3 widths; 2 layers: 9; times two activations.
    assert len(trials) == 26
    assert {t.params["width_1"] for t in trials if t.params["layers"] == 1} == {8, 45, 256}


def test_the_grid_is_not_begun_in_one_corner():
    trials = search(GridSearch(values=4), ONE, trials=24)
    for name in ("rate", "depth", "rows", "categories"):
        counts = [t.params[name] for t in trials]
        assert max(counts.count(value) for value in set(counts)) <= 13, name


def test_halving_tries_many_on_little_and_the_best_of_them_on_more():
    halving = SuccessiveHalving(METHODS["random"], factor=3, rungs=3)
    trials = search(halving, ONE, trials=130)
    rungs = {share: [t for t in trials if t.fidelity == share] for share in halving.shares}
    assert [round(share, 3) for share in rungs] == [0.111, 0.333, 1.0]
    counts = [len(found) for found in rungs.values()]
    assert counts[0] > 2.5 * counts[1] > 5 * counts[2] > 0
    low, middle, top = rungs.values()
    for above, below in ((middle, low), (top, middle)):
        known = [t.params for t in below]
        assert all(t.params in known for t in above)
        went_up = {json.dumps(t.params) for t in above}
        up = [t.loss for t in below if json.dumps(t.params) in went_up]
        stayed = [t.loss for t in below if json.dumps(t.params) not in went_up]
        assert np.median(up) < np.median(stayed)


def test_halving_finds_better_points_than_as_much_work_without_it():
    # 130 trials of halving are the work of about 31 on all rows.
    assert median_regret("halving", "booster", 130) < 0.8 * median_regret("random", "booster", 31)


def test_workers_of_one_halving_do_not_promote_the_same_trial():
    halving = SuccessiveHalving(METHODS["random"])
    low = halving.shares[0]
    points = [METHODS["random"].suggest(i, seed=0, spaces=ONE, trials=[]).params for i in range(6)]
    trials = [
        TrialRecord(i, "booster", points[i], 1.0 - i / 10, 1.0, "ok", fidelity=low)
        for i in range(6)
    ]
    first = halving.suggest(6, seed=0, spaces=ONE, trials=trials)
    second = halving.suggest(7, seed=0, spaces=ONE, trials=trials)
    assert [first.params, second.params] == [points[5], points[4]]
    assert first.fidelity == second.fidelity == pytest.approx(1 / 3)
    # Both places are given away, so the third worker gets a new point.
    assert halving.suggest(8, seed=0, spaces=ONE, trials=trials).fidelity == low


def test_the_spec_says_which_method_and_how():
    assert method_of(Search(method="grid", grid_values=5)) == GridSearch(values=5)
    rule = Halving(around="anneal", factor=4, rungs=2)
    wanted = SuccessiveHalving(METHODS["anneal"], factor=4, rungs=2)
    assert method_of(Search(method="halving", halving=rule)) == wanted
    assert method_of(Search(method="gp")) is METHODS["gp"]


def test_an_algorithm_without_parameters_is_suggested_once():
    spaces = {"plain": {}}
    trials = search(METHODS["tpe"], spaces, trials=5, losses={"plain": lambda p: 1.0})
    assert [Suggestion(t.algorithm, t.params) for t in trials] == [Suggestion("plain", {})]
