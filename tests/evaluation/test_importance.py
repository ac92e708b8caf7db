"""Importance by shuffling: right where the answer is known, and honest about chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from lamplighter.evaluation.association import associations, groups_alike
from lamplighter.evaluation.importance import Effort, Exchanged, permutation_importance

DAYS = 20


def world(rows: int = 2_000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "decides": random.normal(size=rows),
            "helps": random.normal(size=rows),
            "noise": random.normal(size=rows),
        }
    )
    odds = 3 * frame["decides"] + 0.5 * frame["helps"]
    y = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    days = [f"2024-01-{1 + place * DAYS // rows:02d}" for place in range(rows)]
    return frame, y.to_numpy() if isinstance(y, pd.Series) else y, days


def model(frame: pd.DataFrame) -> np.ndarray:
    """Read all three, the noise too, as an overfitted model does."""
    odds = 3 * frame["decides"] + 0.5 * frame["helps"] + 0.8 * frame["noise"]
    return (1 / (1 + np.exp(-odds))).to_numpy()


def exchanged(frame: pd.DataFrame, predict=model) -> Exchanged:  # type: ignore[no-untyped-def]
    def ask(rows: np.ndarray, taken: Mapping[str, np.ndarray]) -> np.ndarray:
        lent = {name: frame[name].to_numpy()[places] for name, places in taken.items()}
        return np.asarray(predict(frame.iloc[rows].assign(**lent)))

    return ask


def measured(frame, y, days, units, **asked):  # type: ignore[no-untyped-def]
    found = permutation_importance(
        exchanged(frame),
        y,
        task="binary",
        units=units,
        blocks=days,
        **{"repeats": 5, "seed": 0} | asked,
    )
    return {one.features: one for one in found}


ALONE = [("decides",), ("helps",), ("noise",)]


@pytest.mark.parametrize("timed", [True, False])
def test_noise_may_be_worth_nothing_and_what_decides_may_not(timed: bool) -> None:
    frame, y, days = world()
    found = measured(frame, y, days if timed else None, ALONE)
    noise, decides = found["noise",].increase, found["decides",].increase
    assert noise.lower < 0 < noise.upper
    assert decides.lower > 0.3
    assert list(found) == [("decides",), ("helps",), ("noise",)]


def test_intervals_of_noise_hold_0_as_often_as_they_say() -> None:
    hits = []
    for seed in range(60):
        frame, y, days = world(rows=400, seed=seed)
        noise = measured(frame, y, days, [("noise",)], seed=seed)["noise",].increase
        hits.append(noise.lower <= 0 <= noise.upper)
    assert np.mean(hits) >= 0.88  # 95 % but for three standard errors of 60 worlds


def test_importance_is_the_mean_growth_of_the_loss_over_the_very_permutations() -> None:
    frame, y, _ = world(rows=300)
    found = measured(frame, y, None, [("helps",)], repeats=2, seed=7)["helps",]

    def loss(X: pd.DataFrame) -> np.ndarray:
        p = model(X)
        return -np.log(np.where(y == 1, p, 1 - p))

    by_hand = []
    for repeat in range(2):
        order = np.random.default_rng([7, repeat, 0]).permutation(300)
        shuffled = frame.assign(helps=frame["helps"].to_numpy()[order])
        by_hand.append((loss(shuffled) - loss(frame)).mean())
    assert found.increase.value == pytest.approx(np.mean(by_hand))
    assert found.share == pytest.approx(np.mean(by_hand) / loss(frame).mean())


def test_twins_that_stand_in_for_each_other_matter_together() -> None:
    frame, y, days = world()
    frame["twin"] = frame["decides"]

    def halves(X: pd.DataFrame) -> np.ndarray:
        return (1 / (1 + np.exp(-1.5 * (X["decides"] + X["twin"])))).to_numpy()

    found = permutation_importance(
        exchanged(frame, halves), y, task="binary", blocks=days, repeats=3, seed=0,
        units=[("decides",), ("twin",), ("decides", "twin")],
    )  # fmt: skip
    by_unit = {one.features: one.increase.value for one in found if one.increase}
    assert by_unit["decides", "twin"] > 2 * max(by_unit["decides",], by_unit["twin",])


def test_the_same_question_gets_the_same_answer_whatever_is_asked_beside_it() -> None:
    frame, y, days = world(rows=500)
    assert measured(frame, y, days, ALONE) == measured(frame, y, days, ALONE)
    assert measured(frame, y, days, ALONE[:1]).items() <= measured(frame, y, days, ALONE).items()


def test_when_time_is_over_only_what_was_shuffled_is_told() -> None:
    frame, y, days = world(rows=300)
    left = iter([1.0] * 4 + [0.0] * 100)
    found = measured(frame, y, days, ALONE, seconds_left=lambda: next(left))
    assert {unit[0]: one.repeats for unit, one in found.items()} == {
        "decides": 2, "helps": 1, "noise": 1,
    }  # fmt: skip
    over = measured(frame, y, days, ALONE, seconds_left=lambda: 0.0)
    assert over == {}


def test_many_features_cost_repeats_first_and_rows_then() -> None:
    assert Effort.within(rows=2_000, repeats=5, things=30) == Effort(2_000, 5)
    assert Effort.within(rows=2_000, repeats=5, things=100) == Effort(2_000, 1)
    assert Effort.within(rows=2_000, repeats=5, things=1_000) == Effort(300, 1)


def test_association_is_that_of_ranks_and_of_tables() -> None:
    random = np.random.default_rng(0)
    n = 3_000
    x = random.normal(size=n)
    frame = pd.DataFrame(
        {
            "x": x,
            "cube": x**3,
            "other": random.normal(size=n),
            "sign": np.where(x > 0, "plus", "minus"),
            "word": random.choice(list("abcdefgh"), n),
            "same": np.where(x > 0, "up", "down"),
            "flag": x > 0,
            "idle": 1.0,
        }
    )
    found = pd.DataFrame(associations(frame), index=frame.columns, columns=frame.columns)
    assert found.loc["x", "cube"] == pytest.approx(1)
    assert found.loc["x", "other"] < 0.1
    assert found.loc["sign", "same"] == pytest.approx(1, abs=0.01)
    assert found.loc["x", "sign"] == pytest.approx(np.sqrt(3) / 2, abs=0.01)  # of even ranks
    assert found.loc["word", "sign"] < 0.1
    assert found.loc["word", "x"] < 0.1
    assert found.loc["flag", "sign"] == pytest.approx(1)
    assert found.loc["idle", "x"] == 0
    assert (found.to_numpy() == found.to_numpy().T).all()
    names = list(frame.columns)
    assert groups_alike(names, found.to_numpy()) == [("x", "cube", "sign", "same", "flag")]


def test_a_chain_of_neighbours_is_no_group() -> None:
    A = np.array([[1.0, 0.8, 0.2], [0.8, 1.0, 0.75], [0.2, 0.75, 1.0]])
    assert groups_alike(["a", "b", "c"], A) == [("a", "b")]
