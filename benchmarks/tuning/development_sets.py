"""Sets to improve the search on, none of which is in the benchmark; and a quick comparison.

    .venv/bin/python -m benchmarks.tuning.development_sets --budget 20 --core 0

Search settings are chosen with these sets: the held-out rows of the benchmark's own are for
judging alone. Peers' cells are kept under ``var/bench/development`` and run once for each budget;
Lamplighter's run anew each time.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from typing import Any

import pandas as pd
from benchmarks.tuning.declared_set import VAR, DeclaredSet
from benchmarks.tuning.grid import Cell
from benchmarks.tuning.packaged_files import from_sklearn, packaged, packaged_r
from benchmarks.tuning.run import run_cell
from benchmarks.tuning.systems import SYSTEMS

ROOT = VAR / "development"

_OF_RATING = tuple(f"r{i}" for i in range(1, 11))


def _declared(name: str, read: Any, task: Any, target: str, **more: Any) -> DeclaredSet:
    return DeclaredSet(name, read, task, target, source="", **more)


def _islp(name: str) -> Any:
    return partial(packaged, f"ISLP/data/{name}.csv")


def _housing() -> pd.DataFrame:
    frame = packaged("plotnine/data/txhousing.csv")
    month = frame["year"].astype("str") + "-" + frame["month"].astype("str").str.zfill(2)
    return frame.assign(month_began=pd.to_datetime(month + "-01"))


DEVELOPMENT_SETS = (
    _declared("wine", partial(from_sklearn, "wine"), "multiclass", "target"),
    _declared("diabetes", partial(from_sklearn, "diabetes"), "regression", "target"),
    _declared("juice", _islp("OJ"), "binary", "Purchase"),
    _declared("wage", _islp("Wage"), "regression", "wage", drop=("logwage",)),
    _declared("default", _islp("Default"), "binary", "default"),  # 3 % positives
    _declared(
        "doctor_visits",
        partial(packaged, "statsmodels/datasets/randhie/randhie.csv"),
        "regression",
        "mdvis",
    ),
    _declared("mortgages", partial(packaged_r, "Ecdat/Hdma"), "binary", "deny"),
    _declared("car_choice", partial(packaged_r, "Ecdat/Car"), "multiclass", "choice"),
    _declared(
        "movies",
        partial(packaged_r, "ggplot2/movies"),
        "regression",
        "rating",
        drop=("title", *_OF_RATING),
    ),
    _declared(
        "housing",
        _housing,
        "regression",
        "median",
        time="month_began",
        drop=("date", "month"),
    ),
    _declared("teaching", partial(packaged_r, "lme4/InstEval"), "multiclass", "y"),
    _declared(
        "space_shuttle",  # 7 % anomalies, nearly separable
        partial(packaged, "river/datasets/shuttle.csv.gz"),
        "binary",
        "anomaly",
    ),
)


def main() -> None:
    """Compare the systems on development sets and print a table of held-out losses."""
    sets = {declared.name: declared for declared in DEVELOPMENT_SETS}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--core", type=int)
    parser.add_argument("--ahead", action="store_true")
    parser.add_argument("--sets", nargs="+", choices=list(sets), default=list(sets))
    parser.add_argument(
        "--systems",
        nargs="+",
        choices=list(SYSTEMS),
        default=["lamplighter", "untuned_hist_gradient_boosting", "hyperopt_xgboost",
                 "autogluon_medium"],
    )  # fmt: skip
    asked = parser.parse_args()
    rows = []
    for name in asked.sets:
        row: dict[str, object] = {"set": name}
        for system in asked.systems:
            cell = Cell(name, system, asked.budget, asked.seed)
            found = _found(cell, sets[name], core=asked.core, ahead=asked.ahead)
            row[system] = found["error"] or float(f"{found['loss']:.5g}")
            if system == "lamplighter" and not found["error"]:
                row["s"] = round(found["fit_wall_s"], 1)
        rows.append(_compared(row, asked.systems))
        print(pd.DataFrame([rows[-1]]).to_string(index=False), flush=True)
    print(
        f"\nall, {asked.budget} s, seed {asked.seed}; ratio: Lamplighter's loss to the best other"
    )
    print(pd.DataFrame(rows).to_string(index=False))


def _found(cell: Cell, declared: DeclaredSet, *, core: int | None, ahead: bool) -> dict[str, Any]:
    path = cell.path(ROOT / "cells")
    if path.exists() and cell.system != "lamplighter":
        found: dict[str, Any] = json.loads(path.read_text())
        return found
    found = run_cell(cell, declared, core=core, ahead=ahead, root=ROOT)
    if not found["error"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return found


def _compared(row: dict[str, object], systems: list[str]) -> dict[str, object]:
    others = [
        loss for system in systems
        if system != "lamplighter" and isinstance(loss := row[system], float)
    ]  # fmt: skip
    own = row.get("lamplighter")
    if others and isinstance(own, float):
        row["ratio"] = round(own / min(others), 4)
    return row


if __name__ == "__main__":
    main()
