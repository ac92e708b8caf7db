"""Lamplighter on training rows alone: each set's training part split again, with a CPU clock.

    .venv/bin/python -m benchmarks.tuning.inner_splits --sets juice wage --seeds 0 1 --budget 30

To explore, where others work on the machine: the search goes by the seconds of its own process, so
that load does not matter. No held-out row of the benchmark plays a part. These are no cells:
nothing is written, and no peer is run.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.tuning.development_sets import DEVELOPMENT_SETS, ROOT
from benchmarks.tuning.prepare import prepare
from benchmarks.tuning.prepared import Part, read_prepared
from benchmarks.tuning.row_losses import row_losses, score
from benchmarks.tuning.sets import all_sets
from benchmarks.tuning.splits import split_at_random, split_in_time
from benchmarks.tuning.systems.fitted import probabilities

from lamplighter.tuning.fit_model import MemoryTrials, fit_model

_PREDICTED_ROWS = 10_000
_TIMES = 3


@dataclass(frozen=True)
class Asked:
    """One fit: which set, on which split, for how many seconds of CPU."""

    set: str
    seed: int
    budget_s: float


def main() -> None:
    """Fit on part of each training part and print what comes of the rest."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--budget", type=float, default=30.0)
    asked = parser.parse_args()
    for name in asked.sets:
        for seed in asked.seeds:
            found = run(Asked(name, seed, asked.budget))
            print("  ".join(f"{key} {value}" for key, value in found.items()), flush=True)


def run(asked: Asked) -> dict[str, Any]:
    """Fit one set; a quarter of its training rows judges."""
    data = _training_part(asked.set)
    part, classes = data.train, data.classes
    learnt, judged = _split(part, stratified=bool(classes), seed=asked.seed)
    store = MemoryTrials()
    began = time.process_time()
    fitted = fit_model(
        part.X.iloc[learnt],
        part.y[learnt],
        task=data.task,
        budget_s=asked.budget_s,
        times=None if part.times is None else part.times[learnt],
        store=store,
        seed=asked.seed,
        clock=time.process_time,
    )
    spent = time.process_time() - began
    fresh = part.X.iloc[judged]
    predictor = fitted.predictor
    labels = tuple(int(c) for c in predictor.classes) if classes else ()
    predicted = probabilities(predictor.predict(fresh), labels, classes)
    losses = row_losses(part.y[judged], predicted, classes=classes)
    tried = Counter(trial.algorithm for trial in store.stored)
    return {
        "set": asked.set,
        "seed": asked.seed,
        "loss": f"{score(losses, classes=classes):.5g}",
        "out of fold": f"{fitted.losses.get(fitted.chosen, np.nan):.5g}",
        "by": f"{fitted.chosen} ({', '.join(fitted.weights)})",
        "s": f"{spent:.1f}",
        "predict 10,000, s": f"{_seconds_to_predict(predictor, fresh):.3f}",
        "trials": dict(tried.most_common()),
    }


def _training_part(name: str) -> Any:
    development = {declared.name: declared for declared in DEVELOPMENT_SETS}
    if name in development:
        return read_prepared(prepare(development[name], seed=0, root=ROOT))
    return read_prepared(prepare(all_sets()[name], seed=0))


def _split(part: Part, *, stratified: bool, seed: int) -> tuple[Any, Any]:
    if part.times is not None:
        return split_in_time(pd.Series(part.times))
    return split_at_random(pd.Series(part.y), seed=1_000 + seed, stratified=stratified)


def _seconds_to_predict(predictor: Any, rows: pd.DataFrame) -> float:
    many = rows.iloc[np.resize(np.arange(len(rows)), _PREDICTED_ROWS)].reset_index(drop=True)
    taken = []
    for _ in range(_TIMES):
        began = time.process_time()
        predictor.predict(many)
        taken.append(time.process_time() - began)
    return min(taken)


if __name__ == "__main__":
    main()
