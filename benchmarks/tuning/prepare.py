"""Write a set's training and held-out rows to disk, once, for every system."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmarks.tuning.declared_set import VAR, DeclaredSet
from benchmarks.tuning.feature_columns import feature_columns
from benchmarks.tuning.prepared import TARGET, TIME
from benchmarks.tuning.splits import Rows, split_at_random, split_in_time
from pandas.api import types


def prepare(declared: DeclaredSet, *, seed: int, root: Path = VAR / "sets") -> Path:
    """Write the split of `declared` by `seed` and return its folder; at once if it is there."""
    folder = root / declared.name / f"seed{seed}"
    about = folder / "about.json"
    if about.exists():
        return folder
    frame = declared.read()
    frame = frame[frame[declared.target].notna()].reset_index(drop=True)
    y = frame[declared.target]
    training, held_out = _split(declared, frame, seed)
    classes = _classes(declared, y.iloc[training])
    features = feature_columns(declared, frame)
    target = y.astype("float64") if not classes else _codes(y, classes)
    held_out = held_out[target.notna().to_numpy()[held_out]]
    kept = features.copy()
    kept[TARGET] = target
    if declared.time is not None:
        kept[TIME] = pd.to_datetime(frame[declared.time], utc=True).dt.tz_localize(None)
    parts = {"train": kept.iloc[training], "test": kept.iloc[held_out]}
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        part.reset_index(drop=True).to_parquet(folder / f"{name}.parquet", index=False)
    description = {
        "set": declared.name,
        "task": declared.task,
        "source": declared.source,
        "time": declared.time,
        "classes": [str(c) for c in classes],
        "rows_train": len(training),
        "rows_test": len(held_out),
        "columns": features.shape[1],
        "digest": _digest(parts),
    }
    about.write_text(json.dumps(description, indent=1))
    return folder


def _split(declared: DeclaredSet, frame: pd.DataFrame, seed: int) -> tuple[Rows, Rows]:
    if declared.time is not None:
        return split_in_time(frame[declared.time], holdout_from=declared.holdout_from)
    stratified = declared.task != "regression"
    return split_at_random(frame[declared.target], seed=seed, stratified=stratified)


def _classes(declared: DeclaredSet, y: pd.Series) -> list[Any]:
    if declared.task == "regression":
        return []
    classes = sorted(y.unique().tolist())
    if declared.task == "binary" and len(classes) != 2:
        raise ValueError(
            f"{declared.name}: {declared.target} has {len(classes)} values in training rows, "
            "a binary task has 2; correct the task"
        )
    if declared.task == "binary" and declared.positive is not None:
        named = [c for c in classes if _is_called(c, declared.positive)]
        if not named:
            raise ValueError(
                f"{declared.name}: positive is {declared.positive!r}, and {declared.target} has "
                f"only {classes}; name one of them"
            )
        classes.sort(key=lambda c: c == named[0])
    return classes


def _is_called(label: Any, name: str) -> bool:
    # 1 and 1.0 are one label: a column with a missing value holds the latter.
    try:
        return str(label) == name or float(label) == float(name)
    except ValueError:
        return False


def _codes(y: pd.Series, classes: list[Any]) -> pd.Series:
    return y.map({label: code for code, label in enumerate(classes)}).astype("Float64")


def _digest(parts: dict[str, pd.DataFrame]) -> str:
    found = hashlib.sha256()
    for name in sorted(parts):
        found.update(name.encode())
        for column in parts[name].columns:
            found.update(column.encode())
            values = parts[name][column]
            if types.is_numeric_dtype(values.dtype):
                found.update(values.to_numpy(dtype="float64", na_value=np.nan).tobytes())
            else:
                found.update("\0".join(values.astype("str").fillna("")).encode())
    return found.hexdigest()[:16]
