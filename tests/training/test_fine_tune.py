"""Going on from the champion: kept only where that beats training afresh on rows nobody saw."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from lamplighter.spec.search import Ensemble
from lamplighter.training.ensemble import FittedEnsemble, TrainingSet, fit_ensemble
from lamplighter.training.fine_tune import Champion, fine_tune
from lamplighter.training.folds import task_loss
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.predictor import Predictor
from learnable import expanding, learnable, quick_trial, stored_predictions

OLD, NEW = 4_000, 1_200
LINEAR = [quick_trial(0, "linear")]
BOOSTED = [quick_trial(0, "xgboost", params={**ALGORITHMS["xgboost"].defaults, "rounds": 120})]


def fit(data: TrainingSet, trials: list) -> FittedEnsemble:
    predictions = stored_predictions(data, trials)
    return fit_ensemble(data, trials, predictions=predictions, seed=0, threads=1)


@functools.cache
def newer_rows() -> TrainingSet:
    return learnable(NEW, seed=5)


@functools.cache
def trained_afresh() -> FittedEnsemble:
    return fit(newer_rows(), BOOSTED)


def continued(
    champion: Predictor, data: TrainingSet, newer: np.ndarray, said: list[str], **changes: object
) -> tuple[FittedEnsemble, FittedEnsemble]:
    afresh = trained_afresh() if data is newer_rows() else fit(data, LINEAR)
    known = Champion(champion, "7", newer)
    settings = {"algorithms": ALGORITHMS, "seed": 0, "threads": 1, "progress": said.append}
    return afresh, fine_tune(afresh, known, data, **(settings | changes))


@pytest.fixture(scope="module")
def champion() -> Predictor:
    """Return what was trained on many older rows, which are no longer there."""
    return fit(learnable(OLD), BOOSTED).predictor


def test_a_champion_of_many_more_rows_goes_on_and_is_better_on_fresh_rows(champion: Predictor):
    data, said = newer_rows(), []
    afresh, found = continued(champion, data, np.ones(NEW, dtype=bool), said)
    assert found.chosen == "fine_tuning"
    assert found.predictor.continued == "7"
    assert found.losses["fine_tuning"] < found.losses["trained_afresh"]
    assert found.predictor.members[0].rounds > champion.members[0].rounds
    assert any(line.startswith("champion version 7 is continued: loss") for line in said)
    later = learnable(4_000, seed=9)
    y = np.asarray(later.y, dtype=float)
    of_afresh, of_found = (
        task_loss("binary", y, model.predictor.predict(later.X)) for model in (afresh, found)
    )
    assert of_found < of_afresh
    assert Predictor.from_bytes(found.predictor.to_bytes()).continued == "7"


def test_a_champion_of_another_world_is_dropped(champion: Predictor):
    data, said = newer_rows(), []
    turned = replace(data, y=1 - np.asarray(data.y))
    afresh, found = continued(champion, turned, np.ones(NEW, dtype=bool), said)
    assert found is afresh
    assert any("is not continued: loss" in line for line in said)


def test_rows_that_the_champion_has_seen_neither_teach_nor_judge(champion: Predictor):
    data, said = newer_rows(), []
    newer = np.arange(NEW) >= 950  # the newest fold begins at 900
    afresh, found = continued(champion, data, newer, said)
    assert found is afresh
    assert (
        "champion version 7 is not continued: 0 rows newer than its training lie before the newest "
        "fold and 250 in it, 100 of each are needed"
    ) in said


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"y": "classes"}, "its target or its classes are others"),
        ({"X": "columns"}, "1 of 6 features are missing: wind"),
        ({"folds": "shuffled"}, "there is no later fold to judge it by"),
    ],
)
def test_a_champion_that_cannot_go_on_is_told_why(champion: Predictor, change, why):
    data, said = newer_rows(), []
    if "y" in change:
        data = replace(data, y=np.where(np.asarray(data.y) == 1, "late", "fine"))
    if "X" in change:
        data = replace(data, X=data.X.drop(columns="wind"))
    if "folds" in change:
        place = np.arange(NEW) % 3
        folds = [(np.flatnonzero(place != k), np.flatnonzero(place == k)) for k in range(3)]
        data = replace(data, folds=folds)
    afresh, found = continued(champion, data, np.ones(NEW, dtype=bool), said)
    assert found is afresh
    assert any(why in line for line in said)


def test_members_that_cannot_be_continued_are_told():
    data, said = newer_rows(), []
    linear = fit(replace(learnable(OLD), folds=expanding(OLD)), LINEAR).predictor
    afresh, found = continued(linear, data, np.ones(NEW, dtype=bool), said)
    assert found is afresh
    assert any("none of its members (linear) can be" in line for line in said)


def test_a_booster_that_is_continued_again_and_again_ends_with_twice_its_rounds(
    champion: Predictor,
):
    (member,) = champion.members
    data, target = newer_rows(), champion.target
    rows = Rows(champion.encoders[0].transform(data.X), np.asarray(data.y, dtype=float))
    grown = [member.rounds]
    while not member.is_full_grown:
        params = ALGORITHMS["xgboost"].defaults
        fit_on = Fit(params=params, target=target, seed=0, threads=1, start=member)
        member = ALGORITHMS["xgboost"].fit(rows, fit_on)
        grown.append(member.rounds)
    first = grown[0]
    assert grown == [first + min(k * (first // 4), first) for k in range(len(grown))]
    assert grown[-1] == 2 * first
    said: list[str] = []
    full = replace(champion, members=(member,))
    afresh, found = continued(full, data, np.ones(NEW, dtype=bool), said)
    assert found is afresh
    assert any("can be, or has 2 times its first rounds already" in line for line in said)


@pytest.mark.parametrize(
    ("bound", "why"),
    [
        ({"deadline": lambda: 0.0}, "0.0 s are left"),
        ({"settings": Ensemble(max_size_mb=1e-4)}, "it would need"),
    ],
    ids=["seconds", "size"],
)
def test_a_champion_is_not_continued_beyond_the_seconds_or_the_limits(
    champion: Predictor, bound: dict, why: str
):
    said: list[str] = []
    afresh, found = continued(champion, newer_rows(), np.ones(NEW, dtype=bool), said, **bound)
    assert found is afresh
    assert any("is not continued:" in line and why in line for line in said)
