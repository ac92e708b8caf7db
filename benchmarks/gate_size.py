"""How often the gate promotes a model that is no better: the size of one night's decision.

Runs the production path (`paired_evidence`, then `decide`) on simulated nights. A night is a
series of daily mean loss differences of two models, normal, with mean 0, so that every promotion
is a false one. Daily differences of flights have lag-1 correlation about .24; the table shows
other values too, and beside the gate the two rules that people use instead.

    .venv/bin/python benchmarks/gate_size.py                  # 10,000 nights a cell, under a minute
    .venv/bin/python benchmarks/gate_size.py --nights 100000

How to read it: the gate's interval is two-sided at 95 %, so `gate` should be 2.5 % or less.
`bound` is the upper end of its one-sided 95 % confidence bound (Clopper and Pearson, 1934).
`plain t` is the same interval by Student's t, as if days were independent. `new > old` promotes
whatever has the smaller mean loss. `power` is the share of nights on which the gate promotes a
model that is truly better, by three standard errors of a mean with this correlation.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats
from scipy.signal import lfilter

from lamplighter.evaluation.evidence import paired_evidence
from lamplighter.evaluation.gate import GateRule, decide

RULE = GateRule()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=10_000, help="simulated nights a cell")
    parser.add_argument("--days", type=int, nargs="+", default=[10, 14, 30, 90])
    parser.add_argument("--lag1", type=float, nargs="+", default=[0.0, 0.24, 0.4])
    options = parser.parse_args()
    print(f"{options.nights} nights a cell, {RULE.confidence:.0%} interval, seed = days")
    print(f"{'days':>5} {'lag-1':>6} {'gate':>7} {'bound':>7} {'plain t':>8} {'new > old':>10}"
          f" {'power':>7}")  # fmt: skip
    for days in options.days:
        for lag1 in options.lag1:
            print(row(days, lag1, options.nights), flush=True)


def row(days: int, lag1: float, nights: int) -> str:
    """Return one line of the table."""
    noise = day_differences(nights, days, lag1, seed=days)
    promoted = share_promoted(noise)
    bound = stats.beta.ppf(0.95, promoted * nights + 1, nights * (1 - promoted))
    mean, error = noise.mean(axis=1), noise.std(axis=1, ddof=1) / np.sqrt(days)
    plain = np.mean(mean / error > stats.t.ppf((1 + RULE.confidence) / 2, days - 1))
    gain = 3 * np.sqrt((1 + lag1) / (1 - lag1) / days)
    power = share_promoted(noise[: min(nights, 2_000)] + gain)
    return (
        f"{days:>5} {lag1:>6.2f} {promoted:>7.2%} {bound:>7.2%} {plain:>8.2%} "
        f"{np.mean(mean > 0):>10.1%} {power:>7.0%}"
    )


def day_differences(nights: int, days: int, lag1: float, seed: int) -> np.ndarray:
    """Return autoregressive series of unit variance, shape (nights, days)."""
    innovations = np.random.default_rng(seed).normal(size=(nights, days + 50))
    return lfilter([1], [1, -lag1], innovations * np.sqrt(1 - lag1**2), axis=1)[:, 50:]


def share_promoted(differences: np.ndarray) -> float:
    """Return the share of nights that the gate promotes, one row a day."""
    blocks = [f"{day:04d}" for day in range(differences.shape[1])]
    zero = np.zeros(differences.shape[1])
    verdicts = [
        decide(
            paired_evidence(gain, zero, blocks, metric="log_loss", confidence=RULE.confidence),
            RULE,
            has_champion=True,
        ).verdict
        for gain in differences
    ]
    return verdicts.count("promote") / len(verdicts)


if __name__ == "__main__":
    main()
