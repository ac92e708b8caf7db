"""A set as every system gets it: training and held-out rows on disk, the same for all.

Reading needs only pandas, pyarrow and numpy, so that it works in each system's environment.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

TARGET = "__target__"
TIME = "__time__"


@dataclass(frozen=True)
class Part:
    """Training or held-out rows.

    Attributes
    ----------
    X : DataFrame
        Features: numbers, booleans, text.
    y : ndarray
        Codes 0, 1, ... of the classes, or values. In a binary task 1 is the positive class.
    times : ndarray of datetime64, or None
        Rows are in this order where there is time.
    """

    X: pd.DataFrame
    y: NDArray[Any]
    times: NDArray[np.datetime64] | None


@dataclass(frozen=True)
class Prepared:
    """A set, split by one seed.

    Attributes
    ----------
    classes : int
        How many there are; 0 in regression.
    digest : str
        Of all rows of both parts. Cells of different digests cannot be compared.
    """

    name: str
    task: str
    classes: int
    digest: str
    train: Part
    test: Part


def read_prepared(folder: Path) -> Prepared:
    """Read what `prepare.prepare` wrote."""
    about = json.loads((folder / "about.json").read_text())
    regression = about["task"] == "regression"
    train, test = (_part(folder / f"{name}.parquet", regression) for name in ("train", "test"))
    return Prepared(
        about["set"], about["task"], len(about["classes"]), about["digest"], train, test
    )


def _part(path: Path, regression: bool) -> Part:
    # Without the schema's pandas metadata, which another version of pandas may not understand.
    frame = pq.read_table(path).replace_schema_metadata().to_pandas()
    y = frame.pop(TARGET).to_numpy(dtype="float64" if regression else "int64")
    times = None
    if TIME in frame.columns:
        times = frame.pop(TIME).to_numpy(dtype="datetime64[us]")
    return Part(frame, y, times)
