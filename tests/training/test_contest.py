"""Who wins a contest, and on which rows it is held."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.training.contest import OutOfFold, judge
from lamplighter.training.folds import task_loss

METHODS = ("stacking", "blending")


def out_of_fold(*, weights: list[float], rows: int = 3_000, ordered: bool = True) -> OutOfFold:
    """Members that each see one part of the signal; `weights` says how much of it."""
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(3, len(weights), rows))
    y, predictions = [], {f"member{m}": [] for m in range(len(weights))}
    for fold in parts:
        signal = np.array(weights) @ fold
        y.append((rng.random(rows) < 1 / (1 + np.exp(-signal))).astype(float))
        for m, weight in enumerate(weights):
            predictions[f"member{m}"].append(1 / (1 + np.exp(-weight * fold[m])))
    return OutOfFold(
        task="binary",
        y=tuple(y),
        predictions={name: tuple(p) for name, p in predictions.items()},
        in_time_order=ordered,
    )


def test_a_combination_wins_where_members_know_different_things():
    contest = judge(out_of_fold(weights=[1.0, 1.0]), methods=METHODS)
    assert contest.winner == "stacking"
    assert contest.losses["stacking"] < contest.losses["member0"]
    assert contest.combiner is not None


def test_the_best_single_member_wins_ties():
    found = out_of_fold(weights=[1.0, 0.0])
    twice = {"first": found.predictions["member0"], "second": found.predictions["member0"]}
    contest = judge(OutOfFold("binary", found.y, twice, in_time_order=True), methods=["blending"])
    assert contest.losses["blending"] == pytest.approx(contest.losses["first"])
    assert contest.winner == "first"
    assert contest.combiner is None


def test_a_gain_within_one_standard_error_is_a_tie():
    found = out_of_fold(weights=[1.0, 0.05], rows=300)
    contest = judge(found, methods=METHODS)
    assert contest.winner == "member0"


def test_in_time_order_no_combination_is_judged_on_the_oldest_fold_or_learns_from_the_newest():
    found = out_of_fold(weights=[1.0, 1.0])
    assert found.judged == [1, 2]
    assert [found.learnt_from(fold) for fold in (1, 2)] == [[0], [0, 1]]


def test_without_time_every_fold_is_judged_by_what_the_others_taught():
    found = out_of_fold(weights=[1.0, 1.0], ordered=False)
    assert found.judged == [0, 1, 2]
    assert found.learnt_from(1) == [0, 2]


def test_all_losses_are_of_the_same_rows():
    found = out_of_fold(weights=[1.0, 0.5])
    contest = judge(found, methods=METHODS)
    y, prediction = (np.concatenate(p[1:]) for p in (found.y, found.predictions["member1"]))
    assert set(contest.losses) == {"member0", "member1", "stacking", "blending"}
    assert contest.losses["member1"] == pytest.approx(task_loss("binary", y, prediction))


def test_shuffled_labels_of_the_judged_fold_cannot_be_learnt():
    # Were a combination fitted on the rows that judge it, it would beat a coin on pure noise.
    rng = np.random.default_rng(0)
    y = tuple(rng.integers(0, 2, 40).astype(float) for _ in range(3))
    noise = {f"n{m}": tuple(rng.random(40) for _ in range(3)) for m in range(10)}
    contest = judge(OutOfFold("binary", y, noise, in_time_order=True), methods=["stacking"])
    assert contest.losses["stacking"] > np.log(2)
