"""Columns that had better stay out of a model's features, each with the reason in a few words."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd

from lamplighter.data.column_types import type_of
from lamplighter.quality.leakage import LabelledRows, find_leakage
from lamplighter.steps.starter.roles import Task, as_times, is_identifier

MANY_LETTERS = 40
_ROWS = 20_000
_CHECKED = 100_000
_PAIRED = 60
_LATER = re.compile(r"(^|_)(actual|assigned|final|outcome|closed|resolved|settled|ended|finished)")


def unfit_features(
    frame: pd.DataFrame, *, target: str, key: tuple[str, ...], time: str | None
) -> dict[str, str]:
    """Return the columns to drop, with why: unusable ones, and ones that give the answer away."""
    columns = [c for c in frame.columns if c not in {target, time, *key}]
    found: dict[str, str] = {}
    for name in columns:
        why = _unusable(frame[name])
        if why is None and time is not None:
            why = _follows_time(frame[name], frame[time], time)
        if why is None:
            why = _restates(frame[name], frame[target], target)
        if why is not None:
            found[name] = why
    left = [c for c in columns if c not in found]
    return {**found, **_sums(frame[left], frame[target], target)}


def leaking_features(
    frame: pd.DataFrame, columns: list[str], *, target: str, task: Task
) -> dict[str, str]:
    """Return the columns that the leakage check of a night would stop on, with what it says."""
    known = frame[frame[target].notna()]
    chosen = known.sample(min(len(known), _CHECKED), random_state=0).sort_index()
    rows = LabelledRows(
        features=chosen[columns],
        label=chosen[target].to_numpy(dtype=np.float64 if task == "regression" else None),
        holdout=np.arange(len(chosen)) % 4 == 0,
        task=task,
        keys=pd.DataFrame({"row": np.arange(len(chosen))}),
    )
    found: dict[str, str] = {}
    for problem in find_leakage(rows).problems:
        for name in problem.columns:
            found.setdefault(name, problem.found.split(";")[0])
    return found


def doubtful_features(columns: list[str]) -> list[str]:
    """Return columns whose name says that they may be filled in after the prediction."""
    return [name for name in columns if _LATER.search(name.lower())]


def _unusable(column: pd.Series) -> str | None:
    values = column.dropna()
    if values.empty:
        return "holds nothing"
    if type_of(column) == "timestamp" or as_times(column) is not None:
        return "a date; a feature function can turn it into numbers (docs/time.md)"
    if values.nunique() == 1 and column.notna().all():
        return f"always {values.iloc[0]!s:.20}"
    if type_of(column) == "string" and values.str.len().mean() > MANY_LETTERS:
        return "free text; a feature function can turn it into numbers"
    if is_identifier(column):
        return "names its row"
    return None


def _follows_time(column: pd.Series, time: pd.Series, name: str) -> str | None:
    if type_of(column) not in ("int", "float") or column.nunique() < 20:
        return None
    times = as_times(time)
    assert times is not None
    both = pd.DataFrame({"x": column.astype("float64"), "t": times.astype("int64")}).dropna()
    if abs(both["x"].rank().corr(both["t"].rank())) < 0.9999:
        return None
    return f"grows with {name}: what it will be tomorrow was never trained on"


def _restates(column: pd.Series, target: pd.Series, name: str) -> str | None:
    """Say whether a column is the target in other words."""
    known = column.notna() & target.notna()
    x, y = column[known].head(_ROWS), target[known].head(_ROWS)
    if len(x) < 20 or x.nunique() < 2:
        return None
    numbers = ("int", "float", "bool")
    if type_of(x) in numbers and type_of(y) in numbers and y.nunique() > 2:
        if abs(np.corrcoef(x.astype("float64"), y.astype("float64"))[0, 1]) > 0.9999:
            return f"restates {name}"
        return None
    if x.nunique() == y.nunique() == len(pd.concat([x, y], axis=1).drop_duplicates()):
        return f"restates {name}"
    return None


def _sums(frame: pd.DataFrame, target: pd.Series, name: str) -> dict[str, str]:
    """Find two columns that add up to the target: both are known when it is, not before."""
    if type_of(target) not in ("int", "float") or target.nunique() <= 2:
        return {}
    numbers = [c for c in frame.columns if type_of(frame[c]) in ("int", "float")][:_PAIRED]
    wanted = target.head(_ROWS).to_numpy(dtype=np.float64, na_value=np.nan)
    values = {c: frame[c].head(_ROWS).to_numpy(dtype=np.float64, na_value=np.nan) for c in numbers}
    for one, other in combinations(numbers, 2):
        if np.isclose(values[one] + values[other], wanted).all():
            why = f"{one} + {other} = {name}: known only with it"
            return {one: why, other: why}
    return {}
