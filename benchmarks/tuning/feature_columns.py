"""The features of a set, in types and under names that every system can read."""

from __future__ import annotations

import re

import pandas as pd
from benchmarks.tuning.declared_set import DeclaredSet
from pandas.api import types

_NOT_IN_A_NAME = re.compile(r"[^\w .\-]")  # XGBoost and LightGBM refuse brackets, commas, quotes


def feature_columns(declared: DeclaredSet, frame: pd.DataFrame) -> pd.DataFrame:
    """Return numbers, booleans and text: no target, no time, no date.

    Dates become days, months, weekdays and hours; of the set's own time column, whose later days no
    training row has seen, only the last three, and only if the set is declared with `calendar`.
    """
    hidden = [declared.target, *declared.drop, *([declared.time] if declared.time else [])]
    blocks = [_columns(frame[c], str(c)) for c in frame.columns if c not in hidden]
    if declared.time is not None and declared.calendar:
        clock = pd.to_datetime(frame[declared.time], utc=True)
        blocks.append(_calendar(clock, declared.time))
    features = pd.concat(blocks, axis=1)
    features.columns = _plain_names([str(name) for name in features.columns])
    return features


def _columns(column: pd.Series, name: str) -> pd.DataFrame:
    dtype = column.dtype
    if types.is_datetime64_any_dtype(dtype) or types.infer_dtype(column) == "date":
        clock = pd.to_datetime(column, utc=True)
        days = (clock - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
        return _calendar(clock, name).assign(**{f"{name}_days": days})
    if types.is_timedelta64_dtype(dtype):
        return column.dt.total_seconds().to_frame(name)
    if isinstance(dtype, pd.CategoricalDtype):
        return column.astype("object").map(str, na_action="ignore").astype("str").to_frame(name)
    return column.to_frame(name)


def _calendar(clock: pd.Series, name: str) -> pd.DataFrame:
    parts = {"month": clock.dt.month, "weekday": clock.dt.day_of_week, "hour": clock.dt.hour}
    return pd.DataFrame(
        {f"{name}_{part}": values for part, values in parts.items() if values.nunique() > 1},
        index=clock.index,
    )


def _plain_names(names: list[str]) -> list[str]:
    plain: list[str] = []
    for name in names:
        candidate = _NOT_IN_A_NAME.sub("_", name)
        while candidate in plain:
            candidate += "_"
        plain.append(candidate)
    return plain
