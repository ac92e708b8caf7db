"""Readings of a clock, written down by a final fit so that its repetition can follow them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

Clock = Callable[[], float]

_MICROSECONDS = 1_000_000
_COLUMN = "microseconds"


@dataclass
class ClockTape:
    """Readings in the order in which they were taken.

    What a budget in seconds decides (who is left out, after how many rounds a member stops) it
    decides by asking a clock. The same fit with the same answers decides the same, on a slower
    machine too.

    Attributes
    ----------
    readings : list of int
        In whole microseconds; the fit that records is told these too, not more exact ones.
    overrun : bool
        Whether a repetition asked more often than the fit that was recorded: it is another fit.

    Examples
    --------
    >>> tape = ClockTape()
    >>> seconds_left = tape.recording(iter([2.0, 0.5]).__next__)
    >>> [seconds_left(), seconds_left()]
    [2.0, 0.5]
    >>> again = ClockTape(tape.readings).replaying()
    >>> [again(), again(), again()]
    [2.0, 0.5, 0.5]
    """

    readings: list[int] = field(default_factory=list)
    overrun: bool = False
    _place: int = 0

    def recording(self, clock: Clock) -> Clock:
        """Return a clock that writes down what it says."""

        def read() -> float:
            reading = round(clock() * _MICROSECONDS)
            self.readings.append(reading)
            return reading / _MICROSECONDS

        return read

    def replaying(self) -> Clock:
        """Return a clock that says what was written down; after its end, the last again."""

        def read() -> float:
            if self._place >= len(self.readings):
                self.overrun = True
                return self.readings[-1] / _MICROSECONDS if self.readings else 0.0
            self._place += 1
            return self.readings[self._place - 1] / _MICROSECONDS

        return read

    def to_frame(self) -> pd.DataFrame:
        """Return the readings as a frame to be stored."""
        return pd.DataFrame({_COLUMN: pd.Series(self.readings, dtype="int64")})


def tape_of(frame: pd.DataFrame) -> ClockTape:
    """Return a tape that was stored."""
    readings: Sequence[int] = frame[_COLUMN].tolist()
    return ClockTape(list(readings))
