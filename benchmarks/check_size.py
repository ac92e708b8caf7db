"""Measures how often the gate's checks reject a candidate that keeps every limit.

    .venv/bin/python benchmarks/check_size.py

Each night has days of 80 rows. Candidate and champion are equally good on every slice, with daily
moves of lag-1 correlation .24; groups are treated alike; the probabilities that are judged for
calibration are the true ones. Every limit is 0, which is what is true. `any of 12` is the share of
nights on which one of 12 slices rejects, `each alone` what it were without allowing for their
number. Nominal: 2.5 %, with a standard error of 1.1 % at 200 nights.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from lamplighter.evaluation.calibration_error import expected_calibration_error
from lamplighter.evaluation.check import keeps
from lamplighter.evaluation.fairness import judge_fairness
from lamplighter.evaluation.groups import groups_of
from lamplighter.evaluation.intervals import LeftOut
from lamplighter.evaluation.metrics import METRICS
from lamplighter.evaluation.slices import Judged, judge_slices
from lamplighter.spec.checks import Fairness, FairnessLimits, Slices, Slicing

_NIGHTS, _ROWS_PER_DAY, _LAG1 = 200, 80, 0.24
_CUT = {"a": 4, "b": 4, "c": 4}
_SLICES = Slices(by={name: Slicing() for name in _CUT}, worse_by=0.0, min_rows=20)
_FAIRNESS = Fairness(
    by={"a": Slicing()}, limits=FairnessLimits(demographic_parity_difference=0.0), min_rows=20
)


def main() -> int:
    """Print a row for each number of days. Return 1 if a rate is far above what it should be."""
    print(f"{_NIGHTS} nights a row")
    print(f"{'days':>5} {'any of 12':>10} {'each alone':>11} {'groups':>8} {'calibration':>12}")
    worst = 0.0
    for days in (14, 30):
        found = np.mean([_night(days, seed) for seed in range(_NIGHTS)], axis=0)
        any_slice, alone, groups, calibration = found
        print(f"{days:>5} {any_slice:>10.1%} {alone:>11.1%} {groups:>8.1%} {calibration:>12.1%}")
        worst = max(worst, any_slice, groups, calibration)
    return int(worst > 0.06)


def _night(days: int, seed: int) -> list[bool]:
    random = np.random.default_rng([days, seed])
    rows = days * _ROWS_PER_DAY
    day = np.repeat(np.arange(days), _ROWS_PER_DAY)
    names = np.array([f"{number:03d}" for number in range(days)], dtype=object)[day]
    log_odds = random.normal(-0.5, 1, rows)
    y = (random.random(rows) < _share(log_odds)).astype(float)
    candidate = _share(log_odds + random.normal(0, 0.3, rows) + _moves(random, days)[day])
    champion = _share(log_odds + random.normal(0, 0.3, rows) + _moves(random, days)[day])
    columns = {
        name: pd.Series(random.integers(0, values, rows)).map(lambda v, n=name: f"{n}{v}")
        for name, values in _CUT.items()
    }
    groups = [
        g for name, values in columns.items() for g in groups_of(name, Slicing(), values, values)
    ]
    judged = Judged(y, candidate, names, champion)
    about = {"metric": METRICS["log_loss"], "confidence": 0.95}
    together = judge_slices(_SLICES, groups, judged, **about)
    # The intersection-union rule takes each interval at its own confidence.
    alone = judge_slices(
        _SLICES.model_copy(update={"reject": "not_surely_within"}), groups, judged, **about
    )
    fair = judge_fairness(_FAIRNESS, [groups[:4]], y, candidate >= 0.4, names, confidence=0.95)
    error = expected_calibration_error(
        "binary", y, _share(log_odds), LeftOut.of(names, rows), confidence=0.95
    )
    return [
        any(check.kept is False for check in together),
        any(check.limit is not None and check.estimate.lower > 0 for check in alone),
        any(check.kept is False for check in fair),
        error is not None and not keeps(error, 0.0, "surely_beyond"),
    ]


def _moves(random: np.random.Generator, days: int) -> np.ndarray:
    moves = np.empty(days)
    moves[0] = random.normal()
    for number in range(1, days):
        moves[number] = _LAG1 * moves[number - 1] + random.normal(0, np.sqrt(1 - _LAG1**2))
    return 0.2 * moves


def _share(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-log_odds))


if __name__ == "__main__":
    sys.exit(main())
