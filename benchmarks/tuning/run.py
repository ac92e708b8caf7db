"""Run the cells of the benchmark that are not there yet, one after another.

    .venv/bin/python -m benchmarks.tuning.run --core 1 [--systems a b] [--sets c d] [--seeds 0]
        [--budgets 60] [--again] [--list]

Each cell runs in a process of its own, in its system's environment, on one core, with one thread.
A cell in which the process had less than nine tenths of its core is run again, at most twice.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.tuning.declared_set import PROJECT, VAR, DeclaredSet
from benchmarks.tuning.environments import build, python_of
from benchmarks.tuning.grid import BUDGET_S, LONGER_BUDGET_S, RESULTS, SEEDS, Cell, wanted_cells
from benchmarks.tuning.prepare import prepare
from benchmarks.tuning.sets import all_sets
from benchmarks.tuning.systems import SYSTEMS

FORMAT = 1
BUSY_BELOW = 0.9
"""CPU over wall time of the fit below which the machine was busy."""

_ATTEMPTS = 3
_GRACE_S = 900
_ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "LOKY_MAX_CPU_COUNT",
    )
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and missing."""
    try:
        sets = all_sets()
    except ValueError as error:  # a set that is not described, or two of one name
        raise SystemExit(str(error)) from None
    asked = _parser(sets).parse_args(arguments)
    cells = [
        cell
        for cell in _asked_for(asked, sets)
        if asked.again or not cell.path(asked.results).exists()
    ]
    print(f"{len(cells)} cells to run", flush=True)
    for number, cell in enumerate(cells, start=1):
        if asked.list:
            print(cell.path(asked.results))
            continue
        found = run_cell(cell, sets[cell.set], core=asked.core, ahead=asked.ahead)
        path = cell.path(asked.results)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{number}/{len(cells)}  {_sentence(cell, found)}", flush=True)


def _asked_for(asked: argparse.Namespace, sets: dict[str, DeclaredSet]) -> Iterator[Cell]:
    """Yield the cells of the usual grid; whoever names sets and budgets gets these on those."""
    names = asked.sets or list(sets)
    if asked.sets and asked.budgets:
        return wanted_cells(names, asked.systems, asked.seeds, asked.budgets, longer_on=names)
    budgets = asked.budgets or [BUDGET_S, LONGER_BUDGET_S]
    return wanted_cells(names, asked.systems, asked.seeds, budgets)


def run_cell(
    cell: Cell,
    declared: DeclaredSet,
    *,
    core: int | None,
    ahead: bool = False,
    root: Path = VAR / "sets",
) -> dict[str, Any]:
    """Run one cell in its environment, again while the machine is busy, and return its finding."""
    system = SYSTEMS[cell.system]
    build(system.environment)
    data = prepare(declared, seed=cell.seed, root=root)
    pinned = [] if core is None else ["--core", str(core)]
    pinned += ["--ahead"] if ahead else []
    commit = _commit()
    attempts: list[dict[str, Any]] = []
    while len(attempts) < _ATTEMPTS:
        found = _in_a_process(cell, python_of(system.environment), data, pinned)
        attempts.append(found)
        if found.get("cpu_share", 1.0) >= BUSY_BELOW:
            break
    best = max(attempts, key=lambda found: found.get("cpu_share", 0.0))
    return {
        "format": FORMAT,
        **best,
        "busy": best.get("cpu_share", 1.0) < BUSY_BELOW,
        "attempts": len(attempts),
        "commit": commit,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _in_a_process(cell: Cell, python: Path, data: Path, pinned: list[str]) -> dict[str, Any]:
    logs = VAR / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cell.json"
        command = [str(python), "-m", "benchmarks.tuning.cell", "--system", cell.system,
                   "--data", str(data), "--budget", str(cell.budget_s), "--seed", str(cell.seed),
                   "--out", str(out), *pinned]  # fmt: skip
        log = logs / f"{cell.set}-{cell.system}-{cell.budget_s}s-seed{cell.seed}.log"
        error = None
        with log.open("w") as opened:
            try:
                done = subprocess.run(
                    command, cwd=PROJECT, stdout=opened, stderr=subprocess.STDOUT, check=False,
                    env={**os.environ, **_ONE_THREAD, "PYTHONPATH": str(PROJECT)},
                    timeout=cell.budget_s + _GRACE_S,
                )  # fmt: skip
                if not out.exists():
                    error = f"the process ended with {done.returncode} and wrote nothing; see {log}"
            except subprocess.TimeoutExpired:
                error = f"killed {_GRACE_S} s after its budget of {cell.budget_s} s"
        if error is None:
            found: dict[str, Any] = json.loads(out.read_text())
            return found
    about = json.loads((data / "about.json").read_text())
    return {
        "set": cell.set,
        "system": cell.system,
        "budget_s": cell.budget_s,
        "seed": cell.seed,
        "task": about["task"],
        "rows_train": about["rows_train"],
        "rows_test": about["rows_test"],
        "columns": about["columns"],
        "set_digest": about["digest"],
        "fit_wall_s": round(time.monotonic() - began, 1),
        "error": error.replace(str(PROJECT) + "/", ""),
    }


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def _sentence(cell: Cell, found: dict[str, Any]) -> str:
    name = f"{cell.set} {cell.system} {cell.budget_s}s seed {cell.seed}:"
    if found["error"]:
        return f"{name} {found['error']}"
    return (
        f"{name} {found['metric']} {found['loss']:.5g}, fit {found['fit_wall_s']:.1f} s "
        f"(CPU share {found['cpu_share']:.2f}), 10,000 rows in "
        f"{sorted(found['predict_10k_s'])[2]:.2f} s, {found['size_bytes'] / 1e6:.1f} MB"
    )


def _parser(sets: dict[str, DeclaredSet]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = [name for name in SYSTEMS if name != "autogluon_best"]
    parser.add_argument(
        "--systems",
        nargs="+",
        metavar="NAME",
        choices=list(SYSTEMS),
        default=usual,
        help=f"of {', '.join(SYSTEMS)} (default: all but the last)",
    )
    parser.add_argument(
        "--sets", nargs="+", metavar="NAME", choices=list(sets), help=f"of {', '.join(sets)}"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument(
        "--budgets", nargs="+", type=int, help="seconds (default: 60, and 180 on three sets)"
    )
    parser.add_argument("--core", type=int, help="pin each cell to this core (Linux)")
    parser.add_argument(
        "--ahead", action="store_true", help="ahead of other sessions' work (Linux, as root)"
    )
    parser.add_argument("--again", action="store_true", help="run cells that are there, too")
    parser.add_argument("--list", action="store_true", help="only say which cells are missing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where finished cells lie")
    return parser


if __name__ == "__main__":
    sys.exit(main())
