"""The negative control: what cannot be predicted is never promoted over the base rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.evaluation.evaluate import Evaluation, evaluate
from lamplighter.evaluation.gate import GateRule, decide
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.tuning.fit_model import fit_model
from world import visits

FEATURES = ["age", "spend", "noise", "city"]
CHEAP = {name: ALGORITHMS[name] for name in ("linear", "xgboost")}
HELD_OUT_FROM = "2024-01-29"


def judged(seed: int, *, permuted: bool) -> Evaluation:
    """Train as a night does on 28 days, and judge on the 12 days after them."""
    rows = visits(days=40, seed=seed)
    y = rows["returned"].to_numpy()
    if permuted:
        y = np.random.default_rng([7, seed]).permutation(y)
    day = rows["seen_at"].dt.strftime("%Y-%m-%d").to_numpy()
    held_out = day >= HELD_OUT_FROM
    fitted = fit_model(
        rows[FEATURES][~held_out],
        y[~held_out],
        task="binary",
        trials=4,
        algorithms=CHEAP,
        times=rows["seen_at"][~held_out],
        seed=seed,
    )
    X: pd.DataFrame = rows[FEATURES][held_out].reset_index(drop=True)
    return evaluate(
        y[held_out],
        fitted.predictor.predict(X),
        day[held_out],
        task="binary",
        base_rate=float(y[~held_out].mean()),
    )


def verdict(found: Evaluation) -> str:
    ruling = decide(found.evidence, GateRule(), has_champion=False, problems=found.problems)
    return ruling.verdict


@pytest.mark.parametrize("seed", range(4))
def test_permuted_labels_are_not_promoted(seed: int) -> None:
    found = judged(seed, permuted=True)
    assert verdict(found) == "reject"
    assert "than the base rate's on 12 days" in found.problems[0]


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_permuted_labels_are_promoted_in_none_of_a_hundred_seeds() -> None:
    verdicts = [verdict(judged(seed, permuted=True)) for seed in range(100)]
    assert verdicts == ["reject"] * 100


def test_the_same_labels_in_their_place_are_promoted() -> None:
    assert verdict(judged(0, permuted=False)) == "promote"
