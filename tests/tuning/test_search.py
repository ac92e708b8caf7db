"""The search: resumed, raced against the clock, and with members that break."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from lamplighter.errors import TrainingError
from lamplighter.training.ensemble import TrainingSet
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.space import Range
from lamplighter.training.target import Floats
from lamplighter.tuning.search import Progress, TrialRecord, run_search
from learnable import learnable

NAMES = ("linear", "xgboost", "hist_gradient_boosting")
SMALL = learnable(rows=400)


class Killed(BaseException):
    """What a kill of the process is in these tests."""


@dataclass
class Memory:
    """A trial store that can die at its n-th claim or before its n-th add."""

    limit: int | None = None
    die_at_claim: int | None = None
    die_at_add: int | None = None
    stored: list[TrialRecord] = field(default_factory=list)
    claims: dict[int, int] = field(default_factory=dict)
    predicted: dict[int, Sequence[Floats] | None] = field(default_factory=dict)
    given_out: list[int] = field(default_factory=list)

    def trials(self) -> list[TrialRecord]:
        return list(self.stored)

    def claim(self, worker: int) -> int | None:
        open_ones = [i for i, w in self.claims.items() if w == worker and i not in self._ended()]
        if not open_ones and self.limit is not None and len(self.claims) >= self.limit:
            return None
        index = open_ones[0] if open_ones else len(self.claims)
        self.claims[index] = worker
        self.given_out.append(index)
        if index == self.die_at_claim:
            raise Killed
        return index

    def claims_of(self, index: int) -> int:
        return self.given_out.count(index)

    def add(self, trial: TrialRecord, predictions: Sequence[Floats] | None = None) -> None:
        if trial.index == self.die_at_add:
            raise Killed
        self.stored.append(trial)
        self.predicted[trial.index] = predictions

    def predictions(self, index: int) -> Sequence[Floats] | None:
        return self.predicted.get(index)

    def _ended(self) -> set[int]:
        return {trial.index for trial in self.stored}


class Clock:
    """A clock that only moves when it is told to, or by `step` at each look."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 100.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def search(store: Memory, data: TrainingSet = SMALL, **changes: object) -> Memory:
    settings = {
        "algorithms": NAMES,
        "worker": 0,
        "budget_s": None,
        "seed": 0,
        "threads": 1,
        "clock": Clock(),
        "progress": lambda progress: None,
    }
    settings |= changes
    settings["algorithms"] = {name: ALGORITHMS[name] for name in settings["algorithms"]}
    run_search(data, store, **settings)
    return store


@pytest.fixture
def paid_by_the_second(monkeypatch):
    """Replace all algorithms by one whose fit takes `cost` seconds of a clock."""
    clock = Clock()

    class Constant:
        rounds = None

        def predict(self, X, *, threads):
            return np.full(len(X), 0.3)

    def install(cost: float, name: str = "constant") -> Clock:
        def fit(rows: Rows, fit: Fit) -> Constant:
            clock.now += cost
            return Constant()

        space = {"a": Range(0, 1)}
        monkeypatch.setitem(ALGORITHMS, name, Algorithm(name, space, ({"a": 0.5},), fit))
        return clock

    return install


def test_a_search_with_a_budget_in_trials_stores_just_so_many():
    store = search(Memory(limit=10))
    assert [t.index for t in store.stored] == list(range(10))
    assert [t.algorithm for t in store.stored[:3]] == list(NAMES)
    assert all(t.status == "ok" and t.loss is not None for t in store.stored[:3])


@pytest.mark.parametrize(
    "death", [{"die_at_claim": 2}, {"die_at_add": 0}, {"die_at_add": 11}], ids=str
)
def test_a_killed_search_ends_as_if_it_had_run_undisturbed(death):
    undisturbed = search(Memory(limit=13)).stored
    store = Memory(limit=13, **death)
    with pytest.raises(Killed):
        search(store)
    again = search(replace(store, die_at_claim=None, die_at_add=None)).stored
    assert again == undisturbed


def test_a_trial_that_kills_three_workers_is_failed_and_the_search_goes_on():
    store = Memory(limit=5, die_at_add=1)
    for _ in range(3):
        with pytest.raises(Killed):
            search(store)
    said: list[str] = []
    ended = search(replace(store, die_at_add=None), progress=lambda p: said.append(str(p)))
    assert [trial.index for trial in ended.stored] == list(range(5))
    assert [trial.index for trial in ended.stored if trial.status == "failed"] == [1]
    assert ended.stored[1].error == (
        "its worker died 3 times while it ran, probably for want of memory; give the worker more, "
        "or leave xgboost out of search.algorithms"
    )
    assert said[0].startswith("2 trials, 1 failed")


def test_a_finished_search_runs_nothing_again():
    store = search(Memory(limit=4))
    before = list(store.stored)
    assert search(store).stored == before


def test_two_workers_share_one_search():
    store = Memory(limit=8)
    search(store, worker=0, budget_s=0.5, clock=Clock(step=0.05))
    search(store, worker=1)
    assert sorted(t.index for t in store.stored) == list(range(8))
    assert {t.worker for t in store.stored} == {0, 1}


def test_every_trial_ends_within_the_budget(paid_by_the_second):
    clock = paid_by_the_second(cost=3.0)
    begun = clock.now
    # A trial fits three folds on this data, so it takes 9 s, and the first one 3 s more: it finds
    # out whether the algorithm has rounds that want a fit of their own.
    store = search(Memory(), algorithms=["constant"], budget_s=43.0, clock=clock)
    assert [trial.seconds for trial in store.stored] == [12.0, 9.0, 9.0, 9.0]
    assert clock.now - begun == 39.0


def test_what_a_killed_try_spent_counts(paid_by_the_second):
    clock = paid_by_the_second(cost=3.0)
    store = search(Memory(limit=3), algorithms=["constant"], clock=clock)
    # 12 + 9 + 9 s are spent of it; a new process asks again about rounds, so the next takes 12.
    search(replace(store, limit=None), algorithms=["constant"], budget_s=43.0, clock=clock)
    assert len(store.stored) == 4
    # Another worker has its own seconds.
    search(
        replace(store, limit=None), algorithms=["constant"], budget_s=43.0, clock=clock, worker=1
    )
    assert len(store.stored) == 8


def test_a_cheaper_algorithm_fills_the_rest_of_the_time(paid_by_the_second):
    paid_by_the_second(cost=5.0, name="dear")
    clock = paid_by_the_second(cost=0.5, name="cheap")
    store = search(Memory(), algorithms=["dear", "cheap"], budget_s=41.0, clock=clock)
    assert [t.algorithm for t in store.stored[:2]] == ["dear", "cheap"]
    assert {t.algorithm for t in store.stored[2:]} == {"cheap"}


def test_a_budget_too_short_for_one_fit_still_gives_one():
    store = search(Memory(), budget_s=0.001, clock=Clock(step=1.0))
    assert [(t.index, t.algorithm, t.status) for t in store.stored] == [(0, "linear", "ok")]


def test_a_budget_in_seconds_ends_early_when_nothing_gets_better(paid_by_the_second):
    clock = paid_by_the_second(cost=0.001)
    store = search(Memory(), algorithms=["constant"], budget_s=1e6, clock=clock)
    assert len(store.stored) == 121


def test_members_that_raise_or_answer_nan_are_failed_trials_with_a_reason(monkeypatch):
    class Nan:
        rounds = None

        def predict(self, X, *, threads):
            return np.full(len(X), np.nan)

    def explode(rows, fit):
        raise ValueError("matrix is singular\nand more lines")

    space = {"a": Range(0, 1)}
    nan = Algorithm("nan", space, ({"a": 0.5},), lambda rows, fit: Nan(), cost="cheap")
    bad = Algorithm("bad", space, ({"a": 0.5},), explode, cost="cheap")
    monkeypatch.setitem(ALGORITHMS, "nan", nan)
    monkeypatch.setitem(ALGORITHMS, "bad", bad)
    store = search(Memory(limit=3), algorithms=["nan", "bad", "linear"])
    assert [t.status for t in store.stored] == ["failed", "failed", "ok"]
    assert store.stored[0].error == (
        "TrainingError: nan predicts NaN or infinity for 100 of 100 rows"
    )
    assert store.stored[1].error == "ValueError: matrix is singular"
    assert [t.loss for t in store.stored[:2]] == [None, None]


@pytest.mark.parametrize("budget", [None, 1e6], ids=["trials", "seconds"])
def test_when_every_member_fails_the_search_gives_up_with_the_reasons(monkeypatch, budget):
    def explode(rows, fit):
        raise ValueError("no")

    broken = Algorithm("broken", {"a": Range(0, 1)}, ({"a": 0.5},), explode)
    monkeypatch.setitem(ALGORITHMS, "broken", broken)
    store = Memory(limit=100)
    with pytest.raises(
        TrainingError, match=r"all 12 trials failed \(broken: ValueError: no\); look"
    ):
        search(store, algorithms=["broken"], budget_s=budget)


def test_a_target_of_one_class_is_refused_before_any_trial():
    store = Memory(limit=3)
    with pytest.raises(TrainingError, match="a binary target needs two classes, found 1"):
        search(store, replace(SMALL, y=np.zeros(400)))
    assert not store.claims


def test_progress_is_told_after_every_trial():
    told: list[Progress] = []
    clock = Clock(step=0.01)
    store = search(Memory(limit=4), progress=told.append, budget_s=500.0, clock=clock)
    assert [p.trials for p in told] == [1, 2, 3, 4]
    best = min(store.stored, key=lambda t: t.loss or 9)
    assert (told[-1].best_loss, told[-1].best_algorithm) == (best.loss, best.algorithm)
    assert all(a.best_loss >= b.best_loss for a, b in itertools.pairwise(told))
    assert told[-1].seconds_left is not None
    assert told[-1].seconds_left < told[0].seconds_left < 500


def test_progress_is_a_sentence():
    assert str(Progress(12, 1, 0.47123, "xgboost", 18.4)) == (
        "12 trials, 1 failed, best loss 0.4712 (xgboost), 18 s left"
    )
    assert str(Progress(1, 0, None, None, None)) == "1 trial"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_searched_too(task):
    store = search(Memory(limit=9), learnable(rows=400, task=task))
    losses = [t.loss for t in store.stored]
    assert len(losses) == 9
    assert None not in losses[:3]
