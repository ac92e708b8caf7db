"""One cell: fit one system on one set in this process, measure it, write what was found.

    python -m benchmarks.tuning.cell --system flaml --data var/bench/sets/digits/seed0 \
        --budget 60 --seed 0 --core 1 --out cell.json

`run.py` calls it in the system's own environment. What is imported and read before the fit does
not count.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

_PREDICTED_ROWS = 10_000
_TIMES = 5


def main() -> None:
    """Run one cell; an error of the system is a finding, written like any other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--system", required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--core", type=int)
    parser.add_argument("--ahead", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {arguments.core})  # inherited by every thread and process
    if arguments.ahead:
        _go_ahead()
    data, out = arguments.data.resolve(), arguments.out.resolve()
    folder = Path(tempfile.mkdtemp(prefix="cell-"))
    began_in = Path.cwd()
    os.chdir(folder)  # FLAML's CatBoost leaves folders where it works
    try:
        found = _measured(arguments.system, data, arguments.budget, arguments.seed, folder)
    finally:
        os.chdir(began_in)
        shutil.rmtree(folder, ignore_errors=True)
    out.write_text(json.dumps(found))


def _go_ahead() -> None:
    """Run before the work of other sessions: Linux weighs sessions first, then their processes."""
    os.setsid()
    Path("/proc/self/autogroup").write_text("-19")


def _measured(
    system_name: str, data_folder: Path, budget_s: float, seed: int, folder: Path
) -> dict[str, Any]:
    from benchmarks.tuning.prepared import read_prepared
    from benchmarks.tuning.systems import SYSTEMS

    system = SYSTEMS[system_name]
    data = read_prepared(data_folder)
    module = importlib.import_module(f"benchmarks.tuning.systems.{system.module}")
    found: dict[str, Any] = {
        "set": data.name,
        "system": system_name,
        "budget_s": budget_s,
        "seed": seed,
        "task": data.task,
        "rows_train": len(data.train.y),
        "rows_test": len(data.test.y),
        "columns": data.train.X.shape[1],
        "set_digest": data.digest,
        "versions": _versions(module.VERSIONS),
        "machine": _machine(),
        "load_1m": round(os.getloadavg()[0], 2),
    }
    wall, cpu = time.monotonic(), _cpu_s()
    try:
        fitted = module.fit(
            data, variant=system.variant, budget_s=budget_s, seed=seed, folder=folder
        )
    except Exception as error:  # a system that fails is a finding
        import traceback

        traceback.print_exc()
        return found | _spent(wall, cpu) | {"error": f"{type(error).__name__}: {error}"[:500]}
    found |= _spent(wall, cpu)
    found["overrun"] = None
    if system.kind != "untuned":
        found["overrun"] = round(max(0.0, found["fit_wall_s"] / budget_s - 1), 4)
    return found | _judged(fitted, data, folder) | {"notes": fitted.notes, "error": None}


def _judged(fitted: Any, data: Any, folder: Path) -> dict[str, Any]:
    import numpy as np
    from benchmarks.tuning.row_losses import pack, row_losses, score
    from benchmarks.tuning.systems.fitted import probabilities

    predicted = probabilities(np.asarray(fitted.predict(data.test.X)), fitted.labels, data.classes)
    losses = row_losses(data.test.y, predicted, classes=data.classes)
    unit = 1.0 if data.classes else float(np.var(data.test.y)) or 1.0
    saved = folder / "saved"
    saved.mkdir()
    fitted.save(saved)
    return {
        "metric": "log_loss" if data.classes else "rmse",
        "loss": round(score(losses, classes=data.classes), 7),
        "size_bytes": sum(f.stat().st_size for f in saved.rglob("*") if f.is_file()),
        "predict_10k_s": _prediction_times(fitted, data.test.X),
        "row_losses": pack(losses, unit=unit),
    }


def _prediction_times(fitted: Any, X: Any) -> list[float]:
    import numpy as np

    many = X.iloc[np.resize(np.arange(len(X)), _PREDICTED_ROWS)].reset_index(drop=True)
    times = []
    for _ in range(_TIMES):
        began = time.monotonic()
        fitted.predict(many)
        times.append(round(time.monotonic() - began, 4))
    return times


def _spent(wall: float, cpu: float) -> dict[str, Any]:
    wall_s, cpu_s = time.monotonic() - wall, _cpu_s() - cpu
    return {
        "fit_wall_s": round(wall_s, 3),
        "fit_cpu_s": round(cpu_s, 3),
        "cpu_share": round(cpu_s / wall_s, 4),
    }


def _cpu_s() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _versions(names: tuple[str, ...]) -> dict[str, str | None]:
    versions: dict[str, str | None] = {"python": platform.python_version()}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _machine() -> dict[str, Any]:
    model = platform.processor()
    if sys.platform == "linux":
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        model = named[0] if named else model
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system()}


if __name__ == "__main__":
    main()
