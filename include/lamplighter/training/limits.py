"""How large and how slow a member will be: told before by small fits, and measured after."""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.training.members.algorithm import Member
from lamplighter.training.predictor import Predictor
from lamplighter.training.room import Load
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop

Clock = Callable[[], float]

_SMALL = (500, 1_000)
_REPEATS = 3
_TIMED_ROWS = 1_000


def expected_load(
    workshop: Workshop, trial: TrialRecord, *, seconds: float, clock: Clock = time.perf_counter
) -> Load:
    """Expect what a member fitted on all rows will weigh and take, from two small fits.

    Size and time grow as a power of the rows, of an exponent between 0 (linear models) and 1
    (nearest neighbours), which two small fits tell apart.
    """
    prepared = workshop.fold(workshop.folds.scored[-1], workshop.recipe(trial.params)).train
    available = len(prepared.rows)
    sizes, latencies, rows = [], [], []
    for most in _SMALL:
        places = np.unique(np.linspace(0, available - 1, min(most, available)).astype(np.intp))
        part = replace(prepared, rows=prepared.rows.take(places))
        member = workshop.fit(trial.algorithm, trial.params, part, index=trial.index)
        rows.append(len(places))
        sizes.append(size_mb(member))
        latencies.append(latency_ms(member, prepared.rows.X, clock=clock))
    everything = len(workshop.folds.y)
    return Load(
        seconds,
        _extrapolated(rows, sizes, everything),
        _extrapolated(rows, latencies, everything),
    )


def size_mb(member: object) -> float:
    """Return the megabytes of a member's file."""
    return len(pickle.dumps(member, protocol=5)) / 1e6


def latency_ms(member: Member, X: Encoded, *, clock: Clock = time.perf_counter) -> float:
    """Return the milliseconds that predicting 1,000 rows takes, on one thread."""
    places = np.arange(_TIMED_ROWS, dtype=np.intp) % len(X)
    return _fastest_ms(lambda: member.predict(X.rows(places), threads=1), clock)


def encoding_ms(encoder: FrameEncoder, frame: pd.DataFrame, *, clock: Clock) -> float:
    """Return the milliseconds that encoding 1,000 raw rows takes."""
    rows = frame.iloc[np.arange(_TIMED_ROWS) % len(frame)]
    return _fastest_ms(lambda: encoder.transform(rows), clock)


def predicting_ms(predictor: Predictor, frame: pd.DataFrame, *, clock: Clock) -> float:
    """Return the milliseconds that predicting 1,000 raw rows takes, on one thread."""
    rows = frame.iloc[np.arange(_TIMED_ROWS) % len(frame)]
    return _fastest_ms(lambda: predictor.predict(rows), clock)


def heaviest_that_exceeds(
    loads: Mapping[str, Load], *, size_mb: float, latency_ms: float
) -> str | None:
    """Return whom to leave out, None if all fit together: who weighs most of what is exceeded."""
    total = sum(loads.values(), Load())
    if total.size_mb > size_mb:
        return max(loads, key=lambda name: loads[name].size_mb)
    if total.latency_ms > latency_ms:
        return max(loads, key=lambda name: loads[name].latency_ms)
    return None


def _fastest_ms(act: Callable[[], object], clock: Clock) -> float:
    act()
    taken = []
    for _ in range(_REPEATS):
        begun = clock()
        act()
        taken.append(clock() - begun)
    return 1_000 * min(taken)


def _extrapolated(rows: list[int], values: list[float], to: int) -> float:
    (n1, n2), (v1, v2) = rows, values
    if n2 <= n1 or v1 <= 0 or v2 <= v1:
        return v2
    exponent = min(1.0, math.log(v2 / v1) / math.log(n2 / n1))
    return v2 * math.pow(to / n2, exponent)
