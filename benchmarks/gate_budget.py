"""Whether the gate keeps its yearly budget of false promotions, and what it finds.

    .venv/bin/python benchmarks/gate_budget.py [--years 2000] [--series 1000] [--table NAME ...]

Runs the production path (`paired_evidence`, then `decide`) on simulated nights. A challenger's
daily loss differences follow an autoregression of order 1 with heavy-tailed innovations (Student's
t with 5 degrees of freedom: daily differences of two models of flights have an excess kurtosis of 1
to 6). On its first night 14 held-out days count; each night brings one more. Who leaves its place
is followed the next night by a new one.

A year is 365 nights of challengers of equal quality, one after another, each with a fresh series;
what one did not spend of the budget is the next one's.
The share of years with a promotion is bounded from above as Clopper and Pearson do. Beside it, on
the same series: promoting whenever a new model's fortnight looks better, and whenever its 95 %
interval lies above 0, every night anew.

Power: the share of challengers that are promoted within so many nights, by mean and standard
deviation of the daily difference and their lag-1 correlation. `gate_flights.py` measures what
these are for models of flights. Nights of nearly equal models have a correlation of about .24.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from lamplighter.contracts import Evidence, NightsLook
from lamplighter.evaluation.evidence import paired_evidence
from lamplighter.evaluation.gate import GateRule, Ruling, Tenure, decide

HELD_OUT = 14
NIGHTS_OF_A_YEAR = 365
RULE = GateRule()
FRESH = replace(RULE, margin=0.9)
"""Non-inferiority, with a margin of .9 standard deviations of a day."""

_BLOCKS = [f"{day:04d}" for day in range(HELD_OUT + NIGHTS_OF_A_YEAR)]


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=2_000)
    parser.add_argument("--series", type=int, default=1_000, help="challengers a cell of power")
    parser.add_argument("--lag1", type=float, nargs="+", default=[0.0, 0.24, 0.4])
    parser.add_argument("--json", type=Path, help="also write the numbers there")
    parser.add_argument("--table", action="append", choices=list(_TABLES), help="only these")
    asked = parser.parse_args()
    found = {}
    for title in asked.table or _TABLES:
        found[title] = rows = list(_TABLES[title](asked))
        print(f"\n{title.replace('_', ' ')}")
        for row in rows:
            print("  " + ", ".join(f"{name} {value:.4g}" for name, value in row.items()))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n")


def differences(
    rng: np.random.Generator, days: int, *, lag1: float, mean: float = 0.0
) -> NDArray[np.float64]:
    """Return a series of daily differences of variance 1."""
    innovations = rng.standard_t(5, size=days + 30) / np.sqrt(5 / 3) * np.sqrt(1 - lag1**2)
    return np.asarray(mean + lfilter([1], [1, -lag1], innovations)[30:])


def nights(
    series: NDArray[np.float64], rule: GateRule, *, accrued: float = 1.0
) -> Iterator[tuple[Ruling, Tenure]]:
    """Yield the gate's rulings on one challenger, night after night, until it is decided on.

    Beside each, the tenure with that night's look in it.
    """
    looks: tuple[NightsLook, ...] = ()
    for night in range(len(series) - HELD_OUT + 1):
        days = HELD_OUT + night
        tenure = Tenure(accrued_days=accrued, held_days=float(night), looks=looks)
        ruling = decide(evidence(series[:days]), rule, has_champion=True, tenure=tenure)
        looks += (ruling.look,) if ruling.look else ()
        yield ruling, replace(tenure, looks=looks)
        if ruling.verdict != "inconclusive":
            return


def evidence(series: NDArray[np.float64]) -> Evidence:
    """Return what the gate reads, of days with one row each."""
    return paired_evidence(series, np.zeros_like(series), _BLOCKS[: len(series)], metric="log_loss")


def promotions_of_a_year(seed: int, *, lag1: float, rule: GateRule, mean: float = 0.0) -> list[int]:
    """Return the nights of a year on which a challenger was promoted."""
    rng, night, promoted = np.random.default_rng(seed), 0, []
    accrued, left_over = 1.0, 0.0
    while night < NIGHTS_OF_A_YEAR:
        left = NIGHTS_OF_A_YEAR - night
        series = differences(rng, HELD_OUT + left - 1, lag1=lag1, mean=mean)
        for ruling, tenure in nights(series, rule, accrued=accrued):
            night += 1
            if ruling.verdict == "promote":
                promoted.append(night)
            left_over = tenure.unspent_days(rule)
        accrued = 1.0 + left_over
    return promoted


def _budget_row(years: int, lag1: float) -> dict[str, float]:
    found = _all(partial(promotions_of_a_year, lag1=lag1, rule=RULE), years)
    false = sum(bool(promoted) for promoted in found)
    naive, nightly = _without_a_budget(lag1)
    return {
        "lag1": lag1,
        "years": years,
        "share_of_years": false / years,
        "upper_95": float(stats.beta.ppf(0.95, false + 1, years - false)),
        "a_year_by_new_above_old": naive,
        "a_year_by_a_nightly_interval": nightly,
    }


def _without_a_budget(lag1: float, years: int = 20) -> tuple[float, float]:
    """Return promotions a year if each night judges a new fortnight by itself."""
    rng = np.random.default_rng(7)
    count = years * NIGHTS_OF_A_YEAR
    series = [differences(rng, HELD_OUT, lag1=lag1) for _ in range(count)]
    t = np.array([s.mean() / (s.std(ddof=1) / np.sqrt(HELD_OUT)) for s in series])
    usual = stats.t.ppf(0.975, HELD_OUT - 1)
    return float((t > 0).sum() / years), float((t > usual).sum() / years)


def _power(series: int) -> Iterator[dict[str, float]]:
    for lag1 in (0.0, 0.1, 0.24):
        for ratio in (0.3, 0.4, 0.5, 0.6, 0.9, 1.5):
            won = _all(partial(_promoted_on, lag1=lag1, mean=ratio), series)
            yield {
                "mean_over_sd": ratio,
                "lag1": lag1,
                "within_21_nights": sum(night <= 21 for night in won) / series,
                "within_75_nights": sum(night <= 75 for night in won) / series,
                "median_night": float(np.median(won)),
            }


def _promoted_on(seed: int, *, lag1: float, mean: float) -> float:
    series = differences(
        np.random.default_rng(seed), HELD_OUT + RULE.patience_days, lag1=lag1, mean=mean
    )
    for night, (ruling, _) in enumerate(nights(series, RULE), start=1):
        if ruling.verdict == "promote":
            return night
    return float("inf")


def _fresh(years: int, lag1: float) -> dict[str, float]:
    year = partial(promotions_of_a_year, lag1=lag1, rule=FRESH)
    worse = sum(bool(found) for found in _all(partial(year, mean=-(FRESH.margin or 0)), years))
    equal = _all(year, years)
    return {
        "lag1": lag1,
        "margin_over_sd": FRESH.margin or 0.0,
        "years": years,
        "share_of_years_with_one_worse_by_the_margin": worse / years,
        "upper_95": float(stats.beta.ppf(0.95, worse + 1, years - worse)),
        "refreshes_a_year_of_equal_models": float(np.mean([len(found) for found in equal])),
    }


_TABLES: dict[str, Callable[[argparse.Namespace], Iterable[dict[str, float]]]] = {
    "false_promotions": lambda asked: (_budget_row(asked.years, lag1) for lag1 in asked.lag1),
    "power": lambda asked: _power(asked.series),
    "non_inferiority": lambda asked: (_fresh(asked.years, lag1) for lag1 in asked.lag1),
}


def _all[Found](work: Callable[[int], Found], seeds: int) -> list[Found]:
    """Do the work for every seed, on all cores."""
    with ProcessPoolExecutor() as pool:
        return list(pool.map(work, range(seeds), chunksize=8))


if __name__ == "__main__":
    main()
