"""What a night saves that begins from the trials of the night before.

    .venv/bin/python benchmarks/warm_start.py [--budget-s 60] [--core 1] [--wall]

For the first of April to September 2013, three searches of flights as of the second night of the
month: a cold one of the whole budget, a cold one of a quarter of it, and one of a quarter that
begins from the trials of the whole budget's search of the night before. Each ensemble then predicts
the next fortnight. Prints the log-losses, and the share of what the whole budget gains over a cold
quarter that the warm quarter keeps, from the means over the months. Target: at least .75.

Budgets count the process's CPU seconds, of one thread, so that a busy machine gives the same
searches as a quiet one; with `--wall`, seconds on the clock, as a night does.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.tuning.flights_set import flights

from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.fit_model import MemoryTrials, fit_model

_NEW_YORK = ZoneInfo("America/New_York")
_MONTHS = range(4, 10)
_DAY = timedelta(days=1)


def main() -> None:
    """Run the nights and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-s", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wall", action="store_true", help="budgets by the clock on the wall")
    parser.add_argument("--core", type=int, help="pin to this core (Linux)")
    arguments = parser.parse_args()
    if arguments.core is not None:
        os.sched_setaffinity(0, {arguments.core})
    frame = flights(datetime(2013, 10, 1, tzinfo=_NEW_YORK))
    rows = []
    for month in _MONTHS:
        clock = time.monotonic if arguments.wall else time.process_time
        night = partial(_night, frame, budget_s=arguments.budget_s, clock=clock)
        rows.append(_month(night, month, budget_s=arguments.budget_s, seed=arguments.seed))
        print(
            pd.DataFrame(rows[-1:]).to_string(index=False, header=month == _MONTHS[0]), flush=True
        )
    mean = pd.DataFrame(rows)[["whole", "quarter", "warm quarter"]].mean()
    gained = mean["quarter"] - mean["whole"]
    kept = (mean["quarter"] - mean["warm quarter"]) / gained if gained > 0 else float("nan")
    print(f"\nmeans: {', '.join(f'{name} {value:.5f}' for name, value in mean.items())}")
    print(f"the warm quarter keeps {kept:.2f} of what the whole budget gains; target .75")
    print(f"load {os.getloadavg()[0]:.1f}, CPU share {_cpu_share():.2f}")


def _month(
    night: Callable[..., float], month: int, *, budget_s: float, seed: int
) -> dict[str, object]:
    first = datetime(2013, month, 1, tzinfo=_NEW_YORK)
    second = first + _DAY
    night_before: list[TrialRecord] = []
    night(first, seed=seed, ended=night_before)
    nights = {
        "whole": night(second, seed=seed + 1),
        "quarter": night(second, budget_s=budget_s / 4, seed=seed + 1),
        "warm quarter": night(second, budget_s=budget_s / 4, seed=seed + 1, earlier=[night_before]),
    }
    return {"as of": f"{second:%Y-%m-%d}", **{k: round(v, 5) for k, v in nights.items()}}


def _night(
    frame: pd.DataFrame,
    as_of: datetime,
    *,
    budget_s: float,
    seed: int,
    clock: Callable[[], float],
    earlier: list[list[TrialRecord]] | None = None,
    ended: list[TrialRecord] | None = None,
) -> float:
    """Return the log-loss of the next fortnight; what was tried is appended to `ended`."""
    times = frame["prediction_time"]
    training = times < pd.Timestamp(as_of - 2 * _DAY)  # those whose label is known by then
    fortnight = (times >= pd.Timestamp(as_of)) & (times < pd.Timestamp(as_of + 14 * _DAY))
    X = frame.drop(columns=["late", "prediction_time"])
    store = MemoryTrials()
    fitted = fit_model(
        X[training],
        frame["late"][training].to_numpy(),
        task="binary",
        budget_s=budget_s,
        times=times[training].to_numpy(),
        seed=seed,
        threads=1,
        store=store,
        earlier=earlier or [],
        clock=clock,
    )
    if ended is not None:
        ended += store.trials()
    predicted = fitted.predictor.predict(X[fortnight])
    return float(log_loss(frame["late"][fortnight], np.column_stack([1 - predicted, predicted])))


def _cpu_share() -> float:
    return time.process_time() / (time.monotonic() - _BEGAN)


_BEGAN = time.monotonic()

if __name__ == "__main__":
    main()
