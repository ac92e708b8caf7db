"""The algorithms that a spec searches, with their spaces."""

from __future__ import annotations

import pytest

from lamplighter.errors import SpecError
from lamplighter.spec.search import Estimator, Halving, Search
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.space import Choice, Range, is_conditional, lies_in
from lamplighter.tuning.chosen_algorithms import chosen_algorithms, problems_of


@pytest.fixture(autouse=True)
def _allowed(monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "own_estimators")


def search(**given) -> Search:
    return Search.model_validate(given)


def spaced(algorithm: str, space: dict[str, object], **more) -> Search:
    return search(algorithms=(algorithm,), space={algorithm: space}, **more)


def messages(wanted: Search, task: str = "binary") -> list[str]:
    return [str(problem) for problem in problems_of(wanted, task)]


def test_an_algorithm_keeps_its_own_space_unless_the_spec_says_otherwise():
    found = chosen_algorithms(search(algorithms=("linear", "svm")), "binary")
    assert found == {name: ALGORITHMS[name] for name in ("linear", "svm")}


def test_a_range_keeps_the_scale_and_the_whole_numbers_of_the_algorithm():
    space = {"learning_rate": {"low": 0.05, "high": 0.1}, "max_depth": {"low": 3, "high": 5}}
    wanted = spaced("xgboost", space)
    # As a task reads it: back from the ledger's JSON.
    again = Search.model_validate(wanted.model_dump(mode="json"))
    for given in (wanted, again):
        found = chosen_algorithms(given, "binary")["xgboost"]
        assert found.space["learning_rate"] == Range(0.05, 0.1, log=True)
        assert found.space["max_depth"] == Range(3, 5, whole=True)
        assert set(found.space) == set(ALGORITHMS["xgboost"].space)


def test_a_range_may_be_drawn_evenly_from_0_if_the_spec_says_so():
    space = {"learning_rate": {"low": 0, "high": 0.3, "log": False}}
    found = chosen_algorithms(spaced("xgboost", space), "binary")["xgboost"]
    assert found.space["learning_rate"] == Range(0, 0.3)


def test_starting_points_move_into_the_space():
    space = {"learning_rate": {"low": 0.15, "high": 0.3}, "categories": "ranked"}
    found = chosen_algorithms(spaced("xgboost", space), "binary")["xgboost"]
    assert all(lies_in(found.space, start) for start in found.starts)
    assert found.defaults["learning_rate"] == 0.15
    assert found.defaults["max_depth"] == ALGORITHMS["xgboost"].defaults["max_depth"]


def test_a_fixed_value_is_a_choice_of_one():
    found = chosen_algorithms(spaced("linear", {"l1_ratio": 0.5}), "binary")["linear"]
    assert found.space["l1_ratio"] == Choice((0.5,))
    assert {start["l1_ratio"] for start in found.starts} == {0.5}


def test_a_network_of_a_fixed_number_of_layers_is_no_conditional_space_any_more():
    fixed = spaced("mlp", {"layers": 2, "width_1": {"low": 16, "high": 32}}, method="gp")
    network = chosen_algorithms(fixed, "binary")["mlp"]
    assert not is_conditional(network.space)
    assert network.space["width_1"] == Range(16, 32, log=True, whole=True)
    assert {"width_2"} <= set(network.space)
    assert "width_3" not in network.space


def test_a_range_holds_in_every_branch_that_has_the_parameter():
    space = {"layers": {"choice": [1, 2]}, "width_1": {"low": 16, "high": 32}}
    layers = chosen_algorithms(spaced("mlp", space), "binary")["mlp"].space["layers"]
    assert isinstance(layers, Choice)
    assert layers.values == (1, 2)
    assert [layers.below(n)["width_1"] for n in (1, 2)] == [Range(16, 32, log=True, whole=True)] * 2


@pytest.mark.parametrize(
    ("algorithm", "space", "said"),
    [
        ("xgboost", {"max_dpth": 3}, "max_dpth: unknown parameter; did you mean 'max_depth'?"),
        ("linear", {"zzz": 3}, "zzz: unknown parameter; choose from C, beyond, knots"),
        ("xgboost", {"max_depth": {"low": 2.5, "high": 4}}, "needs whole bounds, got 2.5 and 4"),
        ("xgboost", {"max_depth": 2.5}, "got 2.5, expected a whole number"),
        ("xgboost", {"subsample": "all"}, "got 'all', expected a number"),
        ("xgboost", {"categories": {"choice": ["nativ"]}}, "got 'nativ', choose from native, ra"),
        ("xgboost", {"categories": {"low": 0, "high": 1}}, "is no number; choose from native"),
        ("mlp", {"layers": {"choice": [2, 9]}}, "layers: got 9, choose from 1, 2, 3"),
        (
            "mlp",
            {"layers": {"choice": [{"value": 2, "then": {"width_1": 8}}]}},
            "the algorithm knows by itself",
        ),
        ("xgboost", {"subsample": {"low": 0.5, "high": 3}}, "xgboost cannot have the value 3 (val"),
        (
            "hist_gradient_boosting",
            {"max_features": {"low": 0.1, "high": 2}},
            "max_features: hist_gradient_boosting cannot have the value 2 (The 'max_features'",
        ),
        ("linear", {"C": -1.0}, "C: linear cannot have the value -1"),
        (
            "xgboost",
            {"learning_rate": {"low": 0, "high": 0.3}},
            "needs a low above 0, got 0; it is drawn evenly in its logarithm, so raise low",
        ),
    ],
)
def test_an_impossible_space_is_one_clear_message_before_any_data(algorithm, space, said):
    found = messages(spaced(algorithm, space))
    assert len(found) == 1
    assert found[0].startswith(f"search.space.{algorithm}.")
    assert said in found[0]
    with pytest.raises(SpecError, match=rf"^search\.space\.{algorithm}\."):
        chosen_algorithms(spaced(algorithm, space), "binary")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"low": 3, "high": 1}, "low 3 is not below high 1"),
        ({"low": 0, "high": 1, "log": True}, "log needs a low above 0, got 0"),
        ({"low": 0.5, "high": 1, "whole": True}, "whole needs whole bounds"),
        ({"low": float("nan"), "high": 1}, "not below|finite"),
        ({"low": 1, "high": float("inf")}, "finite"),
        ({"choice": []}, "at least 1 item"),
        ({"choice": ["a", "a"]}, "names 'a' twice"),
    ],
)
def test_a_range_that_cannot_be_drawn_from_is_refused_as_the_spec_is_read(given, said):
    with pytest.raises(ValueError, match=said):
        spaced("xgboost", {"max_depth": given})


@pytest.mark.parametrize(
    "settings",
    [{"method": "gp"}, {"method": "halving", "halving": Halving(around="gp")}],
    ids=["gp", "halving"],
)
def test_gp_with_a_conditional_space_is_refused_with_the_methods_that_can(settings):
    (found,) = messages(search(algorithms=("linear", "mlp"), **settings))
    assert found.startswith("search.method: ")
    assert "gp cannot search the space of mlp" in found
    assert "choose grid, random, tpe or anneal" in found
    assert not messages(search(algorithms=("linear",), **settings))


def own(path: str, **given) -> Search:
    estimator = Estimator(python=f"own_estimators:{path}", **given)
    return search(algorithms=("own",), estimators={"own": estimator})


def test_an_own_estimator_joins_with_its_space_and_its_own_defaults_as_start():
    space = {"sharpness": {"low": 0.1, "high": 10, "log": True}, "power": {"choice": [1, 2]}}
    found = chosen_algorithms(own("Centroids", space=space, tasks=("binary",)), "binary")["own"]
    assert found.space == {"sharpness": Range(0.1, 10, log=True), "power": Choice((1, 2))}
    assert found.starts == ({"sharpness": 1.0, "power": 2},)


def test_a_tree_of_choices_may_be_declared_for_an_own_estimator():
    power = {"choice": [1, {"value": 2, "then": {"sharpness": {"low": 1, "high": 9}}}]}
    found = chosen_algorithms(own("Centroids", space={"power": power}, tasks=["binary"]), "binary")
    assert is_conditional(found["own"].space)


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("Nothing", {}, "own_estimators:Nothing: found nothing of that name"),
        ("NeedsArgument", {}, "cannot be made without arguments (TypeError"),
        ("not_an_estimator", {}, "gives a dict without fit, predict, get_params, set_params"),
        ("NoProbabilities", {}, "has no predict_proba, which the task binary needs; wrap it"),
        ("Centroids", {"space": {"sharpnes": 1}}, "has no parameter 'sharpnes'; it has n_jobs, po"),
        (
            "Centroids",
            {"space": {"power": {"choice": [1, 2]}}, "start": {"power": 3}},
            "has the start {'power': 3}, which does not lie in its space",
        ),
    ],
)
def test_an_estimator_that_cannot_be_used_is_one_clear_message(path, given, said):
    (found,) = messages(own(path, **given))
    assert found.startswith(f"search.estimators.own: own_estimators:{path}")
    assert said in found


def test_a_name_may_not_recur_below_itself():
    inner = {"value": 2, "then": {"power": 1}}
    with pytest.raises(ValueError, match="space names 'power' again below itself"):
        own("Centroids", space={"power": {"choice": [1, inner]}})


def test_an_estimator_outside_the_allowed_packages_is_refused(monkeypatch):
    monkeypatch.delenv("LAMPLIGHTER_ALLOWED_PACKAGES")
    (found,) = messages(own("Centroids"))
    assert "is outside the allowed packages" in found


def test_an_estimator_for_another_task_is_refused():
    (found,) = messages(own("Mean", tasks=("regression",)))
    assert found == "search.algorithms: own is for regression, and the task is binary; leave it out"
