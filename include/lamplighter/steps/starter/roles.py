"""Guessing what columns are: what is predicted, what tells rows apart, when things happened."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import pandas as pd

from lamplighter.data.column_types import type_of
from lamplighter.errors import DataError, UsageError
from lamplighter.spec.data import ROW_KEY

Task = Literal["binary", "multiclass", "regression"]
MAX_CLASSES = 250
FEW_NUMBERS = 10
MIN_DAYS = 5

_ID = re.compile(r"(^|_)(id|key|uuid|guid|code|number|no|nr)$|^id(_|$)|[a-z]Id$")
_EVENT = re.compile(r"event|happen|arriv|occur|creat|seen|visit|order|start|depart|timestamp|^ts$")
_LATER = re.compile(r"birth|updat|modif|known|record|publish|availab|load|insert|clos|ended|cancel")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?$")
_POSITIVE = ("yes", "y", "true", "t", "positive", "bad", "late", "churned", "fraud", "spam")


@dataclass(frozen=True)
class Target:
    """What is predicted: the task, why it was chosen, and which of two values is positive."""

    task: Task
    why: str
    positive: Any = None
    missing: int = 0


def near(name: str, known: Sequence[str]) -> str:
    """Return a sentence about the column that was perhaps meant."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known[:20])}"


def guess_target(column: pd.Series, task: Task | None) -> Target:
    """Say how a column is to be predicted, as asked or by its values.

    Raises
    ------
    UsageError
        If it cannot be predicted in that way, or not at all.
    """
    name, values = str(column.name), column.dropna()
    distinct = int(values.nunique())
    if distinct < 2:
        held = str(values.iloc[0]) if len(values) else "nothing"
        raise UsageError(
            f"--target {name} always holds {held}, so there is nothing to predict; choose another"
        )
    kind = type_of(column)
    guessed, why = (task, "as asked") if task else _guess_task(values, kind, distinct, name)
    _refuse_misfit(guessed, kind, distinct, name)
    positive = _positive(values, kind) if guessed == "binary" else None
    if positive is not None and not task:
        why = f"{name} holds {' or '.join(sorted(map(str, values.unique())))}"
    return Target(guessed, why, positive, missing=int(column.isna().sum()))


def _guess_task(values: pd.Series, kind: str | None, distinct: int, name: str) -> tuple[Task, str]:
    if distinct == 2:
        return "binary", f"{name} holds two values"
    if kind == "string":
        return "multiclass", f"{name} holds {distinct} different words"
    if kind == "timestamp":
        raise UsageError(f"--target {name} holds times; predict a number, such as a duration")
    if distinct <= FEW_NUMBERS and bool((values == values.round()).all()):
        return "multiclass", f"{name} holds {distinct} whole numbers; or regression, if they count"
    return "regression", f"{name} holds {distinct:,} different numbers"


def _refuse_misfit(task: Task, kind: str | None, distinct: int, name: str) -> None:
    if task == "binary" and distinct != 2:
        raise UsageError(f"--task binary needs two values, but {name} holds {distinct}")
    if task == "regression" and kind not in ("int", "float", "bool"):
        raise UsageError(f"--task regression needs numbers, but {name} holds {kind}s")
    if task == "multiclass" and distinct > MAX_CLASSES:
        instead = "; for numbers, --task regression" if kind in ("int", "float") else ""
        raise UsageError(
            f"--target {name} holds {distinct:,} different values, at most {MAX_CLASSES} classes "
            f"can be told apart; group the rare ones at the source{instead}"
        )


def _positive(values: pd.Series, kind: str | None) -> Any:
    """Return the value to predict, None where 0 and 1, or false and true, say it already."""
    if kind == "bool" or set(values.unique()) == {0, 1}:
        return None
    counts = values.value_counts()
    known = [v for v in counts.index if isinstance(v, str) and v.lower() in _POSITIVE]
    chosen = known[0] if len(known) == 1 else counts.index[-1]
    return getattr(chosen, "item", lambda: chosen)()


def guess_time(frame: pd.DataFrame, target: str, wanted: str | None) -> str | None:
    """Return the column that says when an example happens; None if there is none.

    Raises
    ------
    UsageError
        If the wanted column holds no times.
    """
    if wanted is not None:
        if wanted not in frame:
            raise UsageError(f"--time {wanted} is no column; {near(wanted, list(frame.columns))}")
        if as_times(frame[wanted]) is None:
            raise UsageError(
                f"--time {wanted} holds {type_of(frame[wanted])}s such as {frame[wanted].iloc[0]}, "
                "expected times such as 2024-01-31 or 2024-01-31 08:00; convert it at the source"
            )
        return wanted
    found = {
        c: times for c in frame.columns if c != target and (times := as_times(frame[c])) is not None
    }
    usable = [
        c for c, t in found.items() if t.notna().all() and t.dt.floor("D").nunique() >= MIN_DAYS
    ]

    def unlikely(name: str) -> tuple[bool, bool, bool, int]:
        said = name.lower()
        return (
            _LATER.search(said) is not None,
            type_of(frame[name]) != "timestamp",
            _EVENT.search(said) is None,
            -found[name].nunique(),
        )

    return min(usable, key=unlikely, default=None)


def as_times(column: pd.Series) -> pd.Series | None:
    """Return a column as times in UTC, None if it does not hold times."""
    kind = type_of(column)
    if kind == "timestamp":
        return column
    values = column.dropna()
    if kind != "string" or values.empty or not values.head(100).map(_is_iso).all():
        return None
    times = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    return None if (times.isna() & column.notna()).any() else times


def _is_iso(text: str) -> bool:
    return _ISO.match(text) is not None


def checked_key(frame: pd.DataFrame, key: Sequence[str]) -> tuple[str, ...]:
    """Return the key a person asked for, if it tells the rows apart."""
    for name in key:
        if name not in frame and name != ROW_KEY:
            raise UsageError(f"--key {name} is no column; {near(name, list(frame.columns))}")
    if tuple(key) == (ROW_KEY,):
        return (ROW_KEY,)
    missing = int(frame[list(key)].isna().any(axis=1).sum())
    if missing:
        raise DataError(f"--key {' '.join(key)}: {missing:,} rows have no value there; {_REMEDY}")
    shared = frame.duplicated(list(key), keep=False)
    if shared.any():
        example = ", ".join(map(str, frame.loc[shared, list(key)].iloc[0]))
        raise DataError(
            f"--key {' '.join(key)}: {int(shared.sum()):,} rows share theirs with another, for "
            f"example {example}; {_REMEDY}"
        )
    return tuple(key)


_REMEDY = f"add what tells them apart, or give --key {ROW_KEY} if rows are only ever added"


def guess_key(frame: pd.DataFrame, target: str, time: str | None) -> tuple[str, ...]:
    """Return columns that tell the rows apart, or `_row` if none do."""
    allowed = [
        c
        for c in frame.columns
        if c != target and type_of(frame[c]) in ("int", "string", "timestamp") and _filled(frame[c])
    ]
    named = [c for c in allowed if _ID.search(c)]
    singles = [c for c in (*named, *allowed) if frame[c].is_unique]
    for column in singles:
        if column in named or column == time or _like_an_id(frame[column]):
            return (column,)
    levels = [
        c for c in allowed if c != time and type_of(frame[c]) == "string" and _panel(frame, c, time)
    ]
    others = dict.fromkeys((*named, *levels))
    pairs = [(c, time) for c in others if time is not None and c != time]
    for pair in (*pairs, *combinations(named, 2)):
        if not frame.duplicated(list(pair)).any():
            return pair
    return (ROW_KEY,)


def is_identifier(column: pd.Series) -> bool:
    """Say whether a column names its row, or nearly so, and tells a model nothing."""
    values = column.dropna()
    if type_of(column) == "string":
        return bool(len(values) >= 20 and values.nunique() > 0.5 * len(values))
    return bool(
        type_of(column) == "int"
        and (_ID.search(str(column.name)) or _like_an_id(column))
        and values.nunique() > 0.5 * len(values)
    )


def _filled(column: pd.Series) -> bool:
    return bool(column.notna().all())


def _like_an_id(column: pd.Series) -> bool:
    """Say whether unique values look given out: a run of numbers, or words of one length."""
    if type_of(column) == "int":
        return column.is_unique and int(column.max()) - int(column.min()) + 1 == len(column)
    lengths = column.str.len() if type_of(column) == "string" else pd.Series([0, 1])
    return lengths.nunique() == 1 and not column.str.contains(r"\s").any()


def _panel(frame: pd.DataFrame, column: str, time: str | None) -> bool:
    """Say whether the rows look like one per level and time."""
    if time is None:
        return False
    times, levels = frame[time].nunique(), frame[column].nunique()
    return len(frame) >= 1.5 * times and levels * times >= len(frame)
