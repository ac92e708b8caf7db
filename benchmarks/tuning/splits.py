"""Which rows are held out: the last ones where there is time, else a random part by seed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

HELD_OUT = 0.25
"""Share of the rows that is held out."""

Rows = NDArray[np.intp]


def split_in_time(times: pd.Series, *, holdout_from: str | None = None) -> tuple[Rows, Rows]:
    """Return the positions of training and held-out rows, each in the order of `times`.

    Rows of one moment are not torn apart: the hold-out begins at a moment. Rows without a time are
    in neither part.

    Examples
    --------
    >>> day = pd.Series(pd.to_datetime(["2024-01-04", "2024-01-01", "2024-01-02", "2024-01-03"]))
    >>> split_in_time(day)
    (array([1, 2, 3]), array([0]))
    """
    clock = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    order = np.argsort(clock.to_numpy(), kind="stable")
    order = order[clock.notna().to_numpy()[order]]
    ordered = clock.to_numpy()[order]
    if holdout_from is None:
        first = ordered[int(len(ordered) * (1 - HELD_OUT))]
    else:
        first = pd.Timestamp(holdout_from).tz_convert("UTC").tz_localize(None).to_datetime64()
    late = ordered >= first
    return order[~late], order[late]


def split_at_random(y: pd.Series, *, seed: int, stratified: bool) -> tuple[Rows, Rows]:
    """Return the positions of training and held-out rows, drawn by `seed`.

    A stratified split keeps the shares of the classes; a class of one row is trained on.
    """
    positions = np.arange(len(y))
    if not stratified:
        training, held_out = train_test_split(positions, test_size=HELD_OUT, random_state=seed)
        return training, held_out
    single = (y.map(y.value_counts()) < 2).to_numpy()
    training, held_out = train_test_split(
        positions[~single], test_size=HELD_OUT, random_state=seed, stratify=y[~single]
    )
    return np.concatenate([training, positions[single]]), held_out
