"""The sets of a folder of one's own: known files by name, any other with a sidecar beside it.

The folder is named by the environment variable ``LAMPLIGHTER_BENCH_DATA``. Of its ``*.parquet``
and ``*.csv`` files, those in `_KNOWN` need nothing more; ``prices.csv`` needs ``prices.yaml``::

    task: regression        # binary, multiclass or regression
    target: price           # the column to predict
    time: sold_at           # optional: orders the rows, and the last part is held out
    drop: [id, tax]         # optional: columns that are no features
    positive: "yes"         # optional, binary: what the target says of the positive class
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import yaml
from benchmarks.tuning.declared_set import DeclaredSet, Task

VARIABLE = "LAMPLIGHTER_BENCH_DATA"

_KEYS = {"task", "target", "time", "drop", "positive"}

_KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "bikeshare_hourly_2011_2012": (
        "bikes",
        {
            "task": "regression",
            "target": "cnt",
            "time": "ts",
            "drop": ["dteday", "casual", "registered"],
        },
    ),
    "hotel_rates_2016_2017": (
        "hotel",
        {
            "task": "regression",
            "target": "avg_price_per_room",
            "time": "arrival_date",
            "drop": ["arrival_date_num"],
        },
    ),
    "credit_data": ("credit", {"task": "binary", "target": "Status", "positive": "bad"}),
    "fine_foods_reviews": (
        "reviews",
        {"task": "binary", "target": "score", "drop": ["product", "split"], "positive": "great"},
    ),
    "email_spam_features_2012": ("email", {"task": "binary", "target": "spam", "time": "time"}),
}
_ELSEWHERE = {"breast_cancer_wdbc", "digits_8x8"}  # the benchmark has them from scikit-learn
_OPTIONAL = {"shuttle_anomaly"}  # nearly separable: every system is perfect


class SidecarError(ValueError):
    """A data file of the folder is not described, or not well."""


def folder_sets(folder: str | None) -> tuple[DeclaredSet, ...]:
    """Return the sets of `folder`, none if it is None or empty.

    Raises
    ------
    SidecarError
        If the folder does not exist, or a file has no sidecar or a wrong one. It names every such
        file.
    """
    if not folder:
        return ()
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise SidecarError(f"{VARIABLE} names {folder}, which is no folder; set it to one")
    sets, problems = [], []
    for path in sorted([*root.glob("*.parquet"), *root.glob("*.csv")]):
        try:
            declared = _declared(path)
        except SidecarError as error:
            problems.append(str(error))
            continue
        if declared is not None:
            sets.append(declared)
    if problems:
        raise SidecarError("\n".join(problems))
    return tuple(sets)


def _declared(path: Path) -> DeclaredSet | None:
    sidecar = path.with_suffix(".yaml")
    if sidecar.exists():
        return _from_keys(path, path.stem, _read_sidecar(sidecar), where=str(sidecar))
    if path.stem in _KNOWN:
        name, keys = _KNOWN[path.stem]
        return _from_keys(path, name, keys, where=str(path))
    if path.stem in _ELSEWHERE | _OPTIONAL:
        return None
    raise SidecarError(
        f"{path} is not described; write {sidecar.name} beside it with the keys "
        "task (binary, multiclass or regression) and target, and if need be time, drop, positive"
    )


def _read_sidecar(path: Path) -> dict[str, Any]:
    try:
        keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SidecarError(f"{path} is not YAML: {error}") from error
    if not isinstance(keys, dict):
        raise SidecarError(f"{path} holds no keys; expected at least task and target")
    if unknown := sorted(map(str, set(keys) - _KEYS)):
        raise SidecarError(f"{path}: unknown key {unknown[0]!r}; expected {sorted(_KEYS)}")
    if absent := [key for key in ("task", "target") if key not in keys]:
        raise SidecarError(f"{path} has no key {absent[0]!r}; add it")
    if keys["task"] not in get_args(Task):
        raise SidecarError(
            f"{path}: task is {keys['task']!r}, expected one of {', '.join(get_args(Task))}"
        )
    return keys


def _from_keys(path: Path, name: str, keys: dict[str, Any], *, where: str) -> DeclaredSet:
    drop = keys.get("drop") or []
    drop = [drop] if isinstance(drop, str) else list(drop)
    named = [keys["target"], *([keys["time"]] if keys.get("time") else []), *drop]
    columns = _columns(path)
    if missing := [column for column in named if column not in columns]:
        raise SidecarError(
            f"{where} names the column {missing[0]!r}, which {path.name} does not have; "
            f"it has {', '.join(columns[:20])}"
        )
    positive = keys.get("positive")
    return DeclaredSet(
        name,
        partial(_read, path),
        keys["task"],
        keys["target"],
        source=path.name,
        time=keys.get("time"),
        drop=tuple(drop),
        positive=None if positive is None else str(positive),
    )


def _columns(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    if path.suffix == ".csv":
        return [str(column) for column in pd.read_csv(path, nrows=0).columns]
    return [str(column) for column in pq.read_schema(path).names]


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
