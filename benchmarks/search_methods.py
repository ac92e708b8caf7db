"""Which search method finds the best model in the same seconds, on sets that choose the default.

    .venv/bin/python benchmarks/search_methods.py [--budget-s 10] [--seeds 0 1] [--core 0]

Every method searches the same algorithms (those without conditional spaces, so that `gp` can take
part) from the same rows, and its trials become an ensemble as on any night; that one's loss on
held-out rows is compared. Seconds are those of this process's CPU, so that a busy machine takes
longer and finds the same. Finished runs are kept in ``benchmarks/results/search_methods.jsonl`` and
not run again; the sets are the development sets, none of which is in the benchmark against peers.

The table: per method the mean ratio of its loss to that of `tpe` on the same set and seed
(geometric; below 1 is better) with a 95 % interval, bootstrapped over sets, and its mean rank.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

import numpy as np  # noqa: E402
from benchmarks.tuning.development_sets import DEVELOPMENT_SETS, ROOT  # noqa: E402
from benchmarks.tuning.prepare import prepare  # noqa: E402
from benchmarks.tuning.prepared import read_prepared  # noqa: E402

from lamplighter.training.folds import task_loss  # noqa: E402
from lamplighter.training.members.catalogue import ALGORITHMS  # noqa: E402
from lamplighter.training.space import is_conditional  # noqa: E402
from lamplighter.tuning.fit_model import MemoryTrials, fit_model  # noqa: E402
from lamplighter.tuning.methods import METHODS  # noqa: E402

RESULTS = PROJECT / "benchmarks" / "results" / "search_methods.jsonl"
REFERENCE = "tpe"
_DRAWS = 10_000
_LEAST = 0.01
"""Losses below this count as this: between such good ones a ratio says nothing."""


def main() -> None:
    """Run what is missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-s", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--sets", nargs="+", default=[d.name for d in DEVELOPMENT_SETS])
    parser.add_argument("--core", type=int)
    parser.add_argument("--report", action="store_true", help="only print what is known")
    asked = parser.parse_args()
    if asked.core is not None:
        os.sched_setaffinity(0, {asked.core})
    if not asked.report:
        for seed, name, method in itertools.product(asked.seeds, asked.sets, METHODS):
            if not _known(name, method, asked.budget_s, seed):
                found = measured(name, method, budget_s=asked.budget_s, seed=seed)
                with RESULTS.open("a") as opened:
                    opened.write(json.dumps(found) + "\n")
                print(f"{name} {method} seed {seed}: {found['loss']:.5f}", flush=True)
    print(table([run for run in _runs() if run["budget_s"] == asked.budget_s]))


def measured(name: str, method: str, *, budget_s: float, seed: int) -> dict[str, Any]:
    """Search a set by a method, and judge the ensemble on the held-out rows."""
    (declared,) = (d for d in DEVELOPMENT_SETS if d.name == name)
    data = read_prepared(prepare(declared, seed=0, root=ROOT))
    store, began = MemoryTrials(), time.process_time()
    fitted = fit_model(
        data.train.X,
        data.train.y,
        task=data.task,
        budget_s=budget_s,
        times=data.train.times,
        algorithms={n: a for n, a in ALGORITHMS.items() if not is_conditional(a.space)},
        method=METHODS[method],
        store=store,
        seed=seed,
        clock=time.process_time,
    )
    used = time.process_time() - began
    codes = {label: code for code, label in enumerate(fitted.predictor.classes)}
    y = data.test.y if data.task == "regression" else np.array([codes[v] for v in data.test.y])
    loss = task_loss(data.task, y.astype(float), fitted.predictor.predict(data.test.X))
    return {
        "set": name,
        "method": method,
        "budget_s": budget_s,
        "seed": seed,
        "loss": round(float(loss), 7),
        "trials": len(store.trials()),
        "whole_trials": sum(t.fidelity == 1.0 and t.loss is not None for t in store.trials()),
        "cpu_s": round(used, 1),
    }


def table(runs: Iterable[dict[str, Any]]) -> str:
    """Return a line for each method, of the sets and seeds that every method has been run on."""
    losses: dict[tuple[str, int], dict[str, float]] = {}
    trials: dict[str, list[int]] = {}
    for run in runs:
        losses.setdefault((run["set"], run["seed"]), {})[run["method"]] = run["loss"]
        trials.setdefault(run["method"], []).append(run["trials"])
    whole = {
        place: {method: max(loss, _LEAST) for method, loss in found.items()}
        for place, found in losses.items()
        if set(found) == set(METHODS)
    }
    if not whole:
        return "no set and seed has been run with every method yet"
    sets = sorted({name for name, _ in whole})
    lines = [f"{len(whole)} pairs of {len(sets)} sets and {len({s for _, s in whole})} seeds"]
    lines.append(f"{'method':9s}{'ratio to ' + REFERENCE:>24s}{'rank':>6s}{'trials':>8s}")
    places = {p: sorted(found, key=found.__getitem__) for p, found in whole.items()}
    for method in METHODS:
        logs = [
            np.mean([np.log(f[method] / f[REFERENCE]) for (n, _), f in whole.items() if n == name])
            for name in sets
        ]
        draws = np.random.default_rng(0).integers(len(logs), size=(_DRAWS, len(logs)))
        low, high = np.quantile(np.exp(np.array(logs)[draws].mean(axis=1)), [0.025, 0.975])
        rank = np.mean([1 + order.index(method) for order in places.values()])
        ratio = f"{np.exp(np.mean(logs)):.4f} ({low:.3f}-{high:.3f})"
        lines.append(f"{method:9s}{ratio:>24s}{rank:6.2f}{np.median(trials[method]):8.0f}")
    return "\n".join(lines)


def _known(name: str, method: str, budget_s: float, seed: int) -> bool:
    wanted = (name, method, budget_s, seed)
    return any((r["set"], r["method"], r["budget_s"], r["seed"]) == wanted for r in _runs())


def _runs() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text().splitlines()]


if __name__ == "__main__":
    main()
