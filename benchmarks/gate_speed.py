"""Measures how long a night's gate takes to compute, without the predictions it judges.

    .venv/bin/python benchmarks/gate_speed.py

100,000 rows of 90 days: a candidate, a champion and the base rate are measured by whole days, and
compared; then 12 slices of 4 columns, each against a bound and against the champion; the rates of
the groups of two columns and their differences; calibration; costs; and the verdict. Nothing of
this resamples: every interval is a jackknife over days, which needs as many evaluations as there
are days, where a bootstrap would take 2,000. Read the median; `CPU` is what remains of it on quiet
cores.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

_ROWS, _DAYS, _RUNS, _TARGET_S = 100_000, 90, 7, 2.0
_CUT = {"origin": 3, "carrier": 4, "season": 3, "kind": 2}


def main() -> int:
    """Print the table. Return 1 if the target is missed."""
    began = time.perf_counter()
    from lamplighter.evaluation.calibration_error import judge_calibration
    from lamplighter.evaluation.check import problems_of
    from lamplighter.evaluation.decision_cost import judge_cost
    from lamplighter.evaluation.evaluate import evaluate
    from lamplighter.evaluation.fairness import judge_fairness
    from lamplighter.evaluation.gate import GateRule, decide
    from lamplighter.evaluation.groups import groups_of
    from lamplighter.evaluation.metrics import METRICS, cost_metric
    from lamplighter.evaluation.slices import Judged, judge_slices
    from lamplighter.spec.checks import (
        CalibrationLimits,
        Fairness,
        FairnessLimits,
        Limit,
        Slices,
        Slicing,
    )

    imported = time.perf_counter() - began
    columns, y, candidate, champion, days = _night()
    rule = GateRule(guards=(("roc_auc", 0.005), ("brier", 0.01)))
    slices = Slices(by={name: Slicing() for name in _CUT}, bound=0.7, worse_by=0.01)
    fairness = Fairness(
        by={"season": Slicing(), "kind": Slicing()},
        limits=FairnessLimits(demographic_parity_difference=0.5, equalized_odds_difference=0.5),
    )
    calibration = CalibrationLimits(max_error=0.1, slope=(0.5, 2.0))
    cost = cost_metric(lambda truth, p: np.where(p >= 0.3, 1.0 - truth, 4.0 * truth))
    found: dict[str, int] = {}

    def night() -> None:
        judged = Judged(y, candidate, days, champion, np.ones(_ROWS, dtype=bool))
        cut = {name: groups_of(name, Slicing(), values, values) for name, values in columns.items()}
        evaluation = evaluate(
            y,
            candidate,
            days,
            task="binary",
            base_rate=float(y.mean()),
            champion_prediction=champion,
            rule=rule,
            costs={"candidate": cost, "champion": cost, "base_rate": cost},
        )
        every = [group for groups in cut.values() for group in groups]
        loss = METRICS["log_loss"]
        checks = (
            *judge_slices(slices, every, judged, metric=loss, confidence=0.95),
            *judge_fairness(
                fairness,
                [cut["season"], cut["kind"]],
                y,
                candidate >= 0.3,
                days,
                confidence=0.95,
            ),
            *judge_calibration(calibration, "binary", y, candidate, days, confidence=0.95),
            *judge_cost(
                Limit(bound=1.0, worse_by=0.1), judged, metric=cost, champions=cost, confidence=0.95
            ),
        )
        ruling = decide(
            evaluation.evidence,
            rule,
            has_champion=True,
            problems=(*evaluation.problems, *problems_of(checks)),
            guards=evaluation.guards,
        )
        found.update(slices=len(every), checks=len(checks), problems=len(evaluation.problems))
        assert ruling.verdict in ("promote", "inconclusive", "reject")

    print(f"load {os.getloadavg()[0]:.1f}, libraries imported in {imported:.1f} s")
    night()  # what the first call loads is not the gate's
    median = _median_of(night)
    print(f"{_ROWS:,} rows, {_DAYS} days, {found['slices']} slices, {found['checks']} checks")
    print(f"target {_TARGET_S:.0f} s, {'kept' if median <= _TARGET_S else 'missed'}")
    return int(median > _TARGET_S)


def _median_of(act: Callable[[], None]) -> float:
    walls, work = [], []
    print(f"{'run':>7} {'wall s':>8} {'CPU s':>8}")
    for number in range(1, _RUNS + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        act()
        walls.append(time.perf_counter() - wall)
        work.append(time.process_time() - cpu)
        print(f"{number:>7} {walls[-1]:>8.2f} {work[-1]:>8.2f}")
    median = statistics.median(walls)
    print(f"{'median':>7} {median:>8.2f} {statistics.median(work):>8.2f}")
    return median


def _night() -> tuple[dict[str, pd.Series], np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    day = np.sort(random.integers(0, _DAYS, _ROWS))
    names = pd.date_range("2013-04-01", periods=_DAYS).strftime("%Y-%m-%d").to_numpy(dtype=object)
    log_odds = random.normal(-1, 1, _ROWS) + random.normal(0, 0.4, _DAYS)[day]
    y = (random.random(_ROWS) < 1 / (1 + np.exp(-log_odds))).astype(float)
    candidate = 1 / (1 + np.exp(-log_odds - random.normal(0, 0.2, _ROWS)))
    champion = 1 / (1 + np.exp(-log_odds - random.normal(0, 0.3, _ROWS)))
    columns = {
        name: pd.Series(random.integers(0, values, _ROWS)).map(lambda v, n=name: f"{n}{v}")
        for name, values in _CUT.items()
    }
    return columns, y, candidate, champion, names[day]


if __name__ == "__main__":
    sys.exit(main())
