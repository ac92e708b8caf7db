"""A target of two values as 0 and 1: which value the spec calls positive."""

from __future__ import annotations

import numpy as np
import pandas as pd
import yaml

from lamplighter.errors import DataError

Value = str | int | float | bool


def two_classes(target: pd.Series, positive: Value, *, name: str) -> pd.Series:
    """Return 1 where the target holds the positive value, 0 where it holds the other, else NaN.

    Where the target holds text, a truth value stands for the words that YAML 1.1 reads as it:
    ``true``, ``yes`` and ``on``, or ``false``, ``no`` and ``off``.

    Raises
    ------
    DataError
        If the target holds more than two values, or two of which neither is the positive one.

    Examples
    --------
    >>> two_classes(pd.Series(["good", "bad", None]), "bad", name="status").tolist()
    [0.0, 1.0, nan]
    >>> two_classes(pd.Series(["yes", "no"]), True, name="churned").tolist()
    [1.0, 0.0]
    """
    held = target.dropna().unique()
    is_positive = [_same(value, positive) for value in held]
    if len(held) > 2 or (len(held) == 2 and sum(is_positive) != 1):
        shown = ", ".join(repr(getattr(v, "item", lambda v=v: v)()) for v in held[:5])
        expected = f"{positive!r}, which data.positive names, and one other"
        raise DataError(
            f"the target {name} holds {len(held)} values ({shown}), expected {expected}; correct "
            "data.positive or the source, or set task to multiclass"
        )
    chosen = [value for value, yes in zip(held, is_positive, strict=True) if yes]
    values = target.isin(chosen).to_numpy(dtype=np.float64)
    return pd.Series(np.where(target.isna(), np.nan, values))


def _same(value: object, positive: Value) -> bool:
    if isinstance(value, str) and isinstance(positive, bool):
        return yaml.safe_load(value) is positive if value.isalpha() else False
    if isinstance(value, str) or isinstance(positive, str):
        return str(value) == positive
    return bool(value == positive)
