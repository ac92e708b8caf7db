"""Categories that a reference never held: their names and how many rows have them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lamplighter.features.category import as_texts

NAMED = 5


def new_categories(column: pd.Series, known: Sequence[str], *, most: int = NAMED) -> dict[str, int]:
    """Count the rows of the most frequent categories that are not known.

    Examples
    --------
    >>> new_categories(pd.Series(["JFK", "EWR", "EWR", "LGA", None]), ["JFK", "LGA"])
    {'EWR': 2}
    """
    counts = as_texts(column).dropna().value_counts()
    unknown = counts[~counts.index.isin(known)]
    ordered = sorted(unknown.index, key=lambda level: (-unknown[level], level))
    return {str(level): int(unknown[level]) for level in ordered[:most]}
