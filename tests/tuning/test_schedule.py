"""The schedule: cheap answers first, effort where it pays, and the same point for nobody twice."""

from __future__ import annotations

from dataclasses import replace

from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.space import Choice, Range
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.methods import METHODS
from lamplighter.tuning.schedule import Schedule

SPACE = {"x": Range(0, 1)}


def algorithm(name: str, cost: str, *starts: float) -> Algorithm:
    return Algorithm(name, SPACE, tuple({"x": x} for x in starts), fit=print, cost=cost)


TABLE = {
    a.name: a
    for a in (
        algorithm("forest", "dear", 0.1, 0.2),
        algorithm("booster", "medium", 0.3, 0.4, 0.5),
        algorithm("line", "cheap", 0.6),
    )
}
SCHEDULE = Schedule(
    method=METHODS["random"],
    algorithms=TABLE,
    spaces=dict.fromkeys(TABLE, SPACE),
    inherited=(),
    seed=0,
    by_seconds=False,
)


def ended(index: int, name: str, loss: float, *, seconds: float = 1.0, x: float = 0.9):
    return TrialRecord(index, name, {"x": x}, loss=loss, seconds=seconds, status="ok")


def chosen(schedule: Schedule, index: int, *trials: TrialRecord, among=None):
    found = schedule.next(index, among=among or tuple(schedule.algorithms), trials=trials)
    assert found is not None
    return found.algorithm, found.params.get("x")


def test_the_cheapest_answer_comes_first_then_every_algorithms_best_start_in_order():
    assert [chosen(SCHEDULE, index) for index in range(3)] == [
        ("line", 0.6), ("forest", 0.1), ("booster", 0.3),
    ]  # fmt: skip


def test_what_earlier_nights_found_comes_right_after_the_cheapest_answer():
    warm = replace(SCHEDULE, inherited=[ended(-1, "forest", 0.1, x=0.77)])
    assert [chosen(warm, index) for index in range(3)] == [
        ("line", 0.6), ("forest", 0.77), ("forest", 0.1),
    ]  # fmt: skip


def test_further_starts_go_to_the_best_algorithms_only():
    many = {f"a{n}": algorithm(f"a{n}", "cheap", 0.1, 0.2) for n in range(5)}
    schedule = replace(SCHEDULE, algorithms=many, spaces=dict.fromkeys(many, SPACE))
    losses = [ended(n, f"a{n}", loss=n / 10) for n in range(5)]
    assert chosen(schedule, 5, *losses) == ("a0", 0.2)
    instead, x = chosen(schedule, 9, *losses)  # the second start of a4, which is the worst
    assert (instead, x) != ("a4", 0.2)


def test_effort_goes_to_an_algorithm_by_its_place():
    trials = [ended(0, "line", 0.9), ended(1, "booster", 0.1), ended(2, "forest", 0.5)]
    counts = dict.fromkeys(TABLE, 0)
    for index in range(10, 43):
        name, x = chosen(SCHEDULE, index, *trials)
        counts[name] += 1
        trials.append(ended(index, name, {"line": 0.9, "booster": 0.1, "forest": 0.5}[name], x=x))
    # Places 1, 2, 3 share 36 trials as 1 : 2**-1.5 : 3**-1.5, so 23.3 : 8.2 : 4.5; the first three
    # were theirs already.
    assert counts == {"booster": 22, "forest": 7, "line": 4}


def test_with_a_budget_in_seconds_effort_is_time():
    slow = [ended(0, "line", 0.9), ended(1, "booster", 0.1, seconds=99), ended(2, "forest", 0.5)]
    assert chosen(SCHEDULE, 10, *slow)[0] == "booster"
    assert chosen(replace(SCHEDULE, by_seconds=True), 10, *slow)[0] == "forest"


def test_an_algorithm_without_time_is_passed_over():
    assert chosen(SCHEDULE, 1, ended(0, "line", 0.9), among=("line",))[0] == "line"


def test_dimensions_of_the_engine_start_at_their_plain_option():
    spaces = {name: SPACE | {"select.method": Choice(("none", "variance"))} for name in TABLE}
    found = replace(SCHEDULE, spaces=spaces).next(0, among=tuple(TABLE), trials=())
    assert found is not None
    assert found.params == {"x": 0.6, "select.method": "none"}


def test_an_exhausted_grid_ends_the_search():
    schedule = replace(
        SCHEDULE,
        method=METHODS["grid"],
        spaces={name: {"x": Choice((0.1,))} for name in TABLE},
    )
    trials = [ended(n, name, 0.5, x=0.1) for n, name in enumerate(TABLE)]
    assert schedule.next(3, among=tuple(TABLE), trials=trials) is None
