"""Days that differ from each other as ordinary days do: a mood of the day, which lasts a little."""

from __future__ import annotations

import numpy as np
import pandas as pd


def ordinary_days(
    seed: int,
    *,
    days: int,
    rows: int = 30,
    columns: int = 8,
    mood: float = 0.5,
    memory: float = 0.3,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features whose level moves from day to day but not in the long run, and their day.

    Every fourth column is a category, and every fourth a number that is missing more on some days.
    """
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), rows)
    made: dict[str, object] = {}
    for number in range(columns):
        level = _moods(random, days, memory)[day] * mood
        values = level + random.normal(size=len(day))
        if number % 4 == 3:
            made[f"c{number}"] = np.array(list("abcd"))[np.digitize(values, [-1, 0, 1])]
        elif number % 4 == 2:
            lost = random.random(len(day)) < 1 / (1 + np.exp(2 - level))
            made[f"m{number}"] = np.where(lost, np.nan, random.normal(size=len(day)))
        else:
            made[f"n{number}"] = values
    names = np.array([f"day {number:03d}" for number in range(days)], dtype=object)
    return pd.DataFrame(made), names[day]


def _moods(random: np.random.Generator, days: int, memory: float) -> np.ndarray:
    shocks = random.normal(size=days)
    moods = np.empty(days)
    moods[0] = shocks[0]
    for day in range(1, days):
        moods[day] = memory * moods[day - 1] + np.sqrt(1 - memory**2) * shocks[day]
    return moods
