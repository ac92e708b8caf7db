"""Cross-fitting: what is judged on rows has learnt from others; with time, from older ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PARTS = 5
_FEWEST = 2

Places = NDArray[np.intp]


@dataclass(frozen=True)
class Turn:
    """Rows that are learnt from, and rows that are judged by what was learnt."""

    learnt: Places
    judged: Places


def turns(rows: int, *, in_time_order: bool, parts: int = PARTS) -> Iterator[Turn]:
    """Divide rows into parts, each of which is judged by what others teach.

    With time, rows are oldest first; a part is judged by what all older ones teach, and the oldest
    two fifths are only learnt from. Without, every row is judged once.

    Examples
    --------
    >>> [(turn.learnt.tolist(), turn.judged.tolist()) for turn in turns(4, in_time_order=False)]
    [([1, 2, 3], [0]), ([0, 2, 3], [1]), ([0, 1, 3], [2]), ([0, 1, 2], [3])]
    >>> [(turn.learnt.tolist(), turn.judged.tolist()) for turn in turns(5, in_time_order=True)]
    [([0, 1], [2]), ([0, 1, 2], [3]), ([0, 1, 2, 3], [4])]
    """
    every = np.arange(rows)
    if in_time_order:
        blocks = np.array_split(every, min(parts, rows))
        for place in range(min(_FEWEST, len(blocks) - 1), len(blocks)):
            yield Turn(np.concatenate(blocks[:place]), blocks[place])
        return
    # Not in blocks: rows may lie in the order of their classes.
    for place in range(min(parts, rows)):
        judged = every % parts == place
        yield Turn(every[~judged], every[judged])
