"""What a benchmark knows of a data set: where its rows are, what is predicted, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

PROJECT = Path(__file__).resolve().parents[2]
VAR = PROJECT / "var" / "bench"

Task = Literal["binary", "multiclass", "regression"]


@dataclass(frozen=True)
class DeclaredSet:
    """A data set of the benchmark.

    Attributes
    ----------
    name : str
        Names its folder of results.
    read : callable
        Returns the whole frame.
    task : {"binary", "multiclass", "regression"}
    target : str
        The column to predict.
    source : str
        Where the rows come from, for the report.
    time : str, optional
        The column that orders the rows. Then the last part is held out; else a random one.
    calendar : bool
        Whether month, weekday and hour of `time` are added as features, for every system alike.
        The column itself is never a feature.
    holdout_from : str, optional
        Rows from this time on are held out, instead of the last quarter.
    drop : tuple of str
        Columns that are no features, such as a second form of the target.
    positive : str, optional
        What `target` says of the positive class; without it the later of two in sorted order.
    """

    name: str
    read: Callable[[], pd.DataFrame]
    task: Task
    target: str
    source: str
    time: str | None = None
    calendar: bool = True
    holdout_from: str | None = None
    drop: tuple[str, ...] = ()
    positive: str | None = None
