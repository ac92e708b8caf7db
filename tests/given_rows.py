"""Rows that a spec may name by dotted path, and functions that return something else."""

import pandas as pd


def far() -> pd.DataFrame:
    return pd.DataFrame({"km": [80.0]})


def nothing() -> pd.DataFrame:
    return pd.DataFrame({"km": []})


def broken() -> pd.DataFrame:
    raise KeyError("km")
