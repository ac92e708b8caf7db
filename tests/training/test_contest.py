"""Who wins a contest, and on which rows it is held."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamplighter.training.contest import OutOfFold, judge
from lamplighter.training.folds import task_loss
from lamplighter.training.room import Load, Room

METHODS = ("voting", "blending", "greedy", "stacking")


def out_of_fold(*, weights: list[float], rows: int = 3_000, ordered: bool = True) -> OutOfFold:
    """Members that each see one part of the signal; `weights` says how much of it."""
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(len(weights), rows))
    y = (rng.random(rows) < 1 / (1 + np.exp(-np.array(weights) @ parts))).astype(float)
    return OutOfFold(
        task="binary",
        y=y,
        predictions={f"member{m}": 1 / (1 + np.exp(-w * parts[m])) for m, w in enumerate(weights)},
        families={f"member{m}": f"family{m}" for m in range(len(weights))},
        in_time_order=ordered,
        room=Room(members=12),
    )


def test_a_combination_wins_where_members_know_different_things():
    contest = judge(out_of_fold(weights=[1.0, 1.0]), methods=METHODS)
    assert contest.winner == "stacking"
    assert contest.losses["stacking"] < contest.losses["greedy"] < contest.losses["member0"]
    assert contest.names == ("member0", "member1")


def test_of_equal_members_one_is_enough():
    found = out_of_fold(weights=[1.0, 0.0])
    same = found.predictions["member0"]
    contest = judge(replace(found, predictions={"member0": same, "member1": same}), methods=METHODS)
    assert contest.names == ("member0",)


def test_a_stack_keeps_its_place_unless_another_is_better_by_more_than_noise():
    found = out_of_fold(weights=[1.0, 0.05], rows=300)
    contest = judge(found, methods=METHODS)
    assert contest.winner == "stacking"
    assert contest.losses["stacking"] < min(contest.losses.values()) + 0.01


def test_without_methods_the_best_member_is_taken():
    contest = judge(out_of_fold(weights=[0.5, 1.0]), methods=())
    assert contest.winner == "member1"
    assert set(contest.losses) == {"member0", "member1"}


@pytest.mark.parametrize("ordered", [True, False])
def test_all_losses_are_of_the_same_rows(ordered):
    found = out_of_fold(weights=[1.0, 0.5], ordered=ordered)
    contest = judge(found, methods=METHODS)
    assert set(contest.losses) == {"member0", "member1", *METHODS}
    assert contest.judged.min() == (1_200 if ordered else 0)
    y, p = found.y[contest.judged], found.predictions["member1"][contest.judged]
    assert contest.losses["member1"] == pytest.approx(task_loss("binary", y, p))
    loss = task_loss("binary", y, contest.prediction)
    assert loss == pytest.approx(contest.losses[contest.winner])


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("method", ["greedy", "blending", "stacking", "stacking_twice"])
def test_labels_without_relation_to_predictions_cannot_be_learnt(method, ordered):
    # Were a combination fitted on the rows that judge it, it would beat a coin on pure noise.
    rng = np.random.default_rng(0)
    noise = {f"n{m}": np.clip(0.5 + 0.2 * rng.normal(size=400), 0.01, 0.99) for m in range(20)}
    found = OutOfFold(
        task="binary",
        y=rng.integers(0, 2, 400).astype(float),
        predictions=noise,
        families={name: name for name in noise},
        in_time_order=ordered,
        room=Room(members=12),
    )
    assert judge(found, methods=[method]).losses[method] > np.log(2)


def test_members_that_together_cost_too_much_are_not_combined():
    found = out_of_fold(weights=[1.0, 1.0, 1.0])
    loads = {name: Load(size_mb=3.0) for name in found.names}
    for room, members in ((Room(12, size_mb=10.0), 3), (Room(12, size_mb=7.0), 2), (Room(1), 1)):
        contest = judge(replace(found, loads=loads, room=room), methods=METHODS)
        assert len(contest.names) == members


def test_on_a_handful_of_rows_nobody_is_combined():
    contest = judge(out_of_fold(weights=[1.0, 1.0], rows=20, ordered=False), methods=METHODS)
    assert len(contest.names) == 1
    assert set(contest.losses) == {"member0", "member1"}
