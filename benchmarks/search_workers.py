"""How many more trials two workers of one thread do than one, in the same seconds.

    .venv/bin/python benchmarks/search_workers.py [--budget-s 20] [--repeats 5]

Workers are processes that pull trials from one stored search, as the mapped tasks of `tune_model`
do: the ledger is SQLite, predictions go to the artifact store. One worker and two take turns, so
that a busy minute of the machine meets both. Prints the trials of each run, and the median ratio.
Needs two free cores; what the machine's load was stands beside each run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.ledger import Ledger
from lamplighter.steps.stored_search import LedgerTrials
from lamplighter.training.array_folds import folds_of_rows
from lamplighter.training.folds import TrainingSet
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.tuning.search import run_search

ROWS, COLUMNS = 8_000, 20
SEARCHED = ("linear", "xgboost", "hist_gradient_boosting", "extra_trees")


def main() -> None:
    """Let one worker and two take turns, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-s", type=float, default=20.0)
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args()
    ratios = []
    for repeat in range(asked.repeats):
        ended = {
            workers: trials_of(workers, budget_s=asked.budget_s, seed=repeat) for workers in (1, 2)
        }
        ratios.append(ended[2] / ended[1])
        load = os.getloadavg()[0]
        print(
            f"run {repeat + 1}: one worker {ended[1]} trials, two {ended[2]}, "
            f"ratio {ratios[-1]:.2f} (load {load:.1f})",
            flush=True,
        )
    print(f"median ratio of {asked.repeats}: {statistics.median(ratios):.2f} (target: 1.5)")


def trials_of(workers: int, *, budget_s: float, seed: int) -> int:
    """Return how many trials workers end within a budget of seconds each, each index once."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
        ledger.open_search(
            "search", model="bench", as_of=datetime(2026, 1, 1, tzinfo=UTC), timeline="live",
            settings={},
        )  # fmt: skip
        spawned = multiprocessing.get_context("spawn")
        ready = spawned.Barrier(workers)
        processes = [
            spawned.Process(target=work, args=(folder, worker, budget_s, seed, ready))
            for worker in range(workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        trials = ledger.trials("search")
    assert len({trial.index for trial in trials}) == len(trials)
    points = [(t.algorithm, sorted(t.params.items())) for t in trials]
    assert all(point not in points[:place] for place, point in enumerate(points)), "done twice"
    return len(trials)


def work(folder: str, worker: int, budget_s: float, seed: int, ready: object) -> None:
    """Be one worker, from when all are ready."""
    store = LedgerTrials(
        Ledger.open(f"sqlite:///{folder}/ledger.db"), ArtifactStore(folder), "search", None
    )
    data = training_set(seed)
    ready.wait()  # type: ignore[attr-defined]
    run_search(
        data,
        store,
        algorithms={name: ALGORITHMS[name] for name in SEARCHED},
        worker=worker,
        budget_s=budget_s,
        seed=seed,
        threads=1,
        clock=time.monotonic,
        progress=lambda progress: None,
    )


def training_set(seed: int) -> TrainingSet:
    """Return rows whose classes depend on a few columns and one of their products."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(ROWS, COLUMNS)), columns=[f"x{i}" for i in range(COLUMNS)])
    signal = X["x0"] + 0.5 * X["x1"] - X["x2"] * X["x3"]
    y = (signal + random.logistic(size=ROWS) > 0).to_numpy().astype(int)
    folds = folds_of_rows(ROWS, y, task="binary", folds=3, seed=seed)
    return TrainingSet(X=X, y=y, folds=folds, task="binary")


if __name__ == "__main__":
    main()
