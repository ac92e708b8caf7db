"""What every algorithm of the catalogue promises."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.training.folds import Folds, TrainingSet, task_loss
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS, fit_member
from lamplighter.training.space import lies_in
from lamplighter.training.target import Target, encode_target
from learnable import learnable

TASKS = ["binary", "multiclass", "regression"]
SLOW = ["random_forest", "extra_trees", "adaboost", "nearest_neighbours", "svm"]
each_algorithm = pytest.mark.parametrize("algorithm", list(ALGORITHMS))


def params(algorithm: str, **changes: object) -> dict[str, object]:
    return dict(ALGORITHMS[algorithm].defaults) | changes


def encoded(data: TrainingSet) -> tuple[Rows, Target]:
    target, y = encode_target(data.y, data.task)
    return Rows(FrameEncoder.fit(data.X).transform(data.X), y), target


@each_algorithm
@pytest.mark.parametrize("task", TASKS)
def test_a_member_beats_the_base_rate_out_of_fold(algorithm, task):
    folds = Folds.of(learnable(task=task), seed=0)
    fold = folds.encode(folds.usable[-1])
    member = fit_member(
        algorithm,
        fold.train,
        Fit(
            params=params(algorithm),
            target=folds.target,
            seed=1,
            threads=1,
            validation=fold.validation,
        ),
    )
    prediction = member.predict(fold.validation.X, threads=1)
    rows = len(fold.validation)
    if task == "regression":
        base = np.full(rows, fold.train.y.mean())
    else:
        shares = np.bincount(fold.train.y.astype(int)) / len(fold.train)
        base = np.tile(shares, (rows, 1)) if task == "multiclass" else np.full(rows, shares[1])
    y = fold.validation.y
    assert task_loss(task, y, prediction) < 0.97 * task_loss(task, y, base)
    if task == "multiclass":
        np.testing.assert_allclose(prediction.sum(axis=1), 1, atol=1e-6)


@each_algorithm
def test_the_same_seed_gives_the_same_member(algorithm):
    rows, target = encoded(learnable(rows=600))
    fit = Fit(params=params(algorithm, rounds=20), target=target, seed=7, threads=1)
    first, second = (fit_member(algorithm, rows, fit).predict(rows.X, threads=1) for _ in "12")
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("algorithm", ["xgboost", "hist_gradient_boosting"])
def test_boosters_stop_early_and_grow_so_many_rounds_again(algorithm):
    folds = Folds.of(learnable(), seed=0)
    fold = folds.encode(folds.usable[-1])
    stopped = Fit(
        params=params(algorithm),
        target=folds.target,
        seed=0,
        threads=1,
        validation=fold.validation,
    )
    early = fit_member(algorithm, fold.train, stopped)
    assert early.rounds is not None
    assert 1 <= early.rounds < 200
    fixed = Fit(
        params=params(algorithm, rounds=early.rounds), target=folds.target, seed=0, threads=1
    )
    again = fit_member(algorithm, fold.train, fixed)
    assert again.rounds == early.rounds
    np.testing.assert_allclose(
        again.predict(fold.validation.X, threads=1),
        early.predict(fold.validation.X, threads=1),
        rtol=1e-6,
    )


def test_xgboost_stops_when_the_time_is_up():
    rows, target = encoded(learnable(rows=400))
    left = iter([3.0, 2.0, 1.0, 0.0])
    fit = Fit(
        params=params("xgboost"),
        target=target,
        seed=0,
        threads=1,
        seconds_left=lambda: next(left),
    )
    assert fit_member("xgboost", rows, fit).rounds == 4


@each_algorithm
def test_a_class_that_training_lacks_gets_no_probability_and_breaks_nothing(algorithm):
    rows, _ = encoded(learnable(rows=600, task="multiclass"))
    known = rows.y < 2
    target = Target("multiclass", ("a", "b", "c"))
    train = Rows(rows.X.rows(np.flatnonzero(known)), rows.y[known])
    fit = Fit(
        params=params(algorithm, rounds=10), target=target, seed=0, threads=1, validation=rows
    )
    prediction = fit_member(algorithm, train, fit).predict(rows.X, threads=1)
    assert prediction.shape == (600, 3)
    assert prediction[:, 2].max() < 0.2


@each_algorithm
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_production_may_bring_gaps_new_levels_and_outliers(algorithm, task):
    data = learnable(rows=600, task=task)
    target, y = encode_target(data.y, data.task)
    encoder = FrameEncoder.fit(data.X)
    fit = Fit(params=params(algorithm, rounds=10), target=target, seed=0, threads=1)
    member = fit_member(algorithm, Rows(encoder.transform(data.X), y), fit)
    usual = member.predict(encoder.transform(data.X), threads=1)
    odd = pd.DataFrame(
        {
            "carrier": ["new", None, "AA"],
            "dest": [None, None, "ZZZ"],
            "hour": [None, 1e12, -1e12],
            "wind": [None, None, 1e300],
            "delay": [None, None, -1e300],
            "night": [None, None, True],
        }
    )
    prediction = member.predict(encoder.transform(odd), threads=1)
    assert np.isfinite(prediction).all()
    margin = np.ptp(usual)
    assert (prediction > usual.min() - margin).all()
    assert (prediction < usual.max() + margin).all()


@each_algorithm
def test_columns_that_are_constant_or_empty_in_a_fold_do_not_break_a_fit(algorithm):
    X = pd.DataFrame(
        {
            "useful": np.arange(60) % 7,
            "constant": 1.0,
            "empty": np.nan,
            "no_level": pd.Series([None] * 60, dtype="str"),
            "one_level": "a",
        }
    )
    rows = Rows(FrameEncoder.fit(X).transform(X), (np.arange(60) % 7 > 3).astype(float))
    fit = Fit(
        params=params(algorithm, rounds=10), target=Target("binary", (0, 1)), seed=0, threads=1
    )
    assert np.isfinite(fit_member(algorithm, rows, fit).predict(rows.X, threads=1)).all()


@each_algorithm
def test_every_start_lies_inside_the_space_and_they_differ(algorithm):
    starts = ALGORITHMS[algorithm].starts
    assert all(lies_in(ALGORITHMS[algorithm].space, start) for start in starts)
    assert all(first != second for first, second in combinations(starts, 2))


@each_algorithm
@pytest.mark.parametrize("task", TASKS)
def test_rows_of_next_to_no_weight_mislead_nobody(algorithm, task):
    rows, target = encoded(learnable(rows=800, task=task))
    wrong = np.arange(800) % 2 == 0
    misleading = -rows.y if task == "regression" else (rows.y + 1) % len(target)
    y = np.where(wrong, misleading, rows.y)
    fit = Fit(params=params(algorithm, rounds=8), target=target, seed=0, threads=1)
    misled = fit_member(algorithm, Rows(rows.X, y), fit)
    weighed = fit_member(algorithm, Rows(rows.X, y, np.where(wrong, 1e-6, 1.0)), fit)
    by_misled, by_weighed = (
        task_loss(task, rows.y, member.predict(rows.X, threads=1)) for member in (misled, weighed)
    )
    assert by_weighed < 0.97 * by_misled


@each_algorithm
@pytest.mark.parametrize("task", TASKS)
def test_equal_training_gives_equal_bytes_and_they_predict_the_same(algorithm, task):
    rows, target = encoded(learnable(rows=300, task=task))
    fit = Fit(params=params(algorithm, rounds=5), target=target, seed=3, threads=1)
    member, again = (fit_member(algorithm, rows, fit) for _ in "12")
    predicted = member.predict(rows.X, threads=1)
    assert pickle.dumps(member) == pickle.dumps(again)
    restored = pickle.loads(pickle.dumps(member))
    np.testing.assert_array_equal(restored.predict(rows.X, threads=1), predicted)


@pytest.mark.parametrize("algorithm", ["xgboost", "mlp"])
def test_a_member_is_continued_on_new_rows_from_where_it_stood(algorithm):
    folds = Folds.of(learnable(rows=2_000), seed=0)
    old, new = folds.encode(folds.usable[0]), folds.encode(folds.usable[-1])
    shared = {"params": params(algorithm), "target": folds.target, "seed": 0, "threads": 1}
    start = fit_member(algorithm, old.train, Fit(**shared, validation=old.validation))
    newer = Rows(new.train.X, new.train.y)
    tuned = fit_member(algorithm, newer, Fit(**shared, validation=new.validation, start=start))
    before, after = (
        task_loss("binary", new.validation.y, member.predict(new.validation.X, threads=1))
        for member in (start, tuned)
    )
    assert after < before
    if algorithm == "xgboost":
        assert tuned.rounds > start.rounds


THREADS_PROBE = """
import os, sys, time
import numpy as np
from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS, fit_member
from lamplighter.training.target import Target
from threadpoolctl import threadpool_limits

def worked():
    tasks = [f"/proc/self/task/{t}/stat" for t in os.listdir("/proc/self/task")]
    fields = {p: open(p).read().rsplit(")", 1)[1].split() for p in tasks}
    return {p: int(f[11]) + int(f[12]) for p, f in fields.items()}

algorithm, threads = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
X = rng.normal(size=(int(sys.argv[3]), 20))
y = (X[:, 0] * X[:, 1] > rng.normal(size=len(X))).astype(float)
rows = Rows(Encoded(X, np.zeros(20, dtype=bool)), y)
params = dict(ALGORITHMS[algorithm].defaults) | {"rounds": 30}
fit = Fit(params=params, target=Target("binary", (0, 1)), seed=0, threads=threads)
before = worked()
with threadpool_limits(threads):
    fit_member(algorithm, rows, fit).predict(rows.X, threads=threads)
after = worked()
print(sum(ticks - before.get(p, 0) >= 5 for p, ticks in after.items()))
"""


@pytest.mark.skipif(
    not os.path.isdir("/proc/self/task") or len(os.sched_getaffinity(0)) < 2,
    reason="needs Linux's /proc and two cores",
)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("algorithm", ["xgboost", "hist_gradient_boosting"])
def test_boosters_use_exactly_the_threads_they_are_given(algorithm, threads):
    assert threads_at_work(algorithm, threads) == threads


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux's /proc")
@pytest.mark.parametrize(
    "algorithm",
    ["linear", "mlp", *(pytest.param(name, marks=pytest.mark.long) for name in SLOW)],
)
def test_other_members_use_no_more_threads_than_they_are_given(algorithm):
    assert threads_at_work(algorithm, 1, rows=8_000) == 1


def threads_at_work(algorithm: str, threads: int, *, rows: int = 60_000) -> int:
    """Count the threads of a fresh process that used processor time during a fit."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run(
        [sys.executable, "-c", THREADS_PROBE, algorithm, str(threads), str(rows)],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"},
    )
    return int(done.stdout)


def test_a_trend_goes_on_straight_as_far_again_as_the_data_reach_and_is_level_beyond():
    x = np.linspace(0, 10, 200)
    rows = Rows(Encoded(x[:, None], np.zeros(1, dtype=bool)), 3 * x)
    ahead = Encoded(np.array([[15.0], [20.0], [90.0], [-4.0]]), np.zeros(1, dtype=bool))
    target = Target("regression")

    def predicted(beyond: str) -> list[float]:
        params = {"C": 100.0, "knots": 2, "l1_ratio": 0.0, "beyond": beyond}
        member = fit_member("linear", rows, Fit(params, target, seed=0, threads=1))
        return [float(p) for p in member.predict(ahead, threads=1).round(1)]

    assert predicted("straight") == [45.0, 60.0, 60.0, -12.0]
    assert predicted("level") == [30.0, 30.0, 30.0, 0.0]
