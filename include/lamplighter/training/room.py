"""What members cost, and how much of it an ensemble may cost together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a member costs: seconds to fit on all rows, size, milliseconds for 1,000 rows."""

    seconds: float = 0.0
    size_mb: float = 0.0
    latency_ms: float = 0.0

    def __add__(self, other: Load) -> Load:
        return Load(
            self.seconds + other.seconds,
            self.size_mb + other.size_mb,
            self.latency_ms + other.latency_ms,
        )


@dataclass(frozen=True)
class Room:
    """The most that the members of an ensemble may cost together, and how many may be in it."""

    members: int
    seconds: float = math.inf
    size_mb: float = math.inf
    latency_ms: float = math.inf

    def holds(self, loads: Iterable[Load]) -> bool:
        """Say whether an ensemble of members with these loads may be.

        Examples
        --------
        >>> Room(members=2, size_mb=5.0).holds([Load(size_mb=3.0), Load(size_mb=3.0)])
        False
        """
        every = list(loads)
        return len(every) <= self.members and self.lacks(sum(every, Load())) == ""

    def lacks(self, load: Load) -> str:
        """Return in words what a load needs too much of; nothing where there is room for it.

        Examples
        --------
        >>> Room(members=2, seconds=-0.04, size_mb=5.0).lacks(Load(seconds=0.5, size_mb=7.0))
        '0.5 s to fit, where 0 are allowed, and 7 MB, where 5 are allowed'
        """
        said = [
            f"{wanted:,.3g} {unit}, where {max(most, 0.0):,.3g} are allowed"
            for wanted, most, unit in (
                (load.seconds, self.seconds, "s to fit"),
                (load.size_mb, self.size_mb, "MB"),
                (load.latency_ms, self.latency_ms, "ms for 1,000 rows"),
            )
            if wanted > most
        ]
        return ", and ".join(said)
