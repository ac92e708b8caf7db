"""One line on the terminal that shows what is going on, and how long it has taken."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class LiveLine:
    """A line that is rewritten in place; in a log file, a new line each time the text changes."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._text = ""
        self._began = time.monotonic()
        self._live = sys.stdout.isatty()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._live:
            self._ticker.join()
            with self._lock:
                sys.stdout.write("\r\x1b[K")
                sys.stdout.flush()

    def show(self, text: str) -> None:
        """Show this text until another comes."""
        with self._lock:
            changed, self._text = text != self._text, text
            if changed and text and not self._live:
                print(f"{self._seconds():4d} s  {self._title}: {text}", flush=True)

    def say(self, text: str) -> None:
        """Print a line that stays, above the live one."""
        with self._lock:
            if self._live:
                sys.stdout.write("\r\x1b[K")
            print(text, flush=True)

    def _tick(self) -> None:
        while not self._done.wait(0.2):
            with self._lock:
                line = f"{self._seconds():4d} s  {self._title}: {self._text}"
                sys.stdout.write(f"\r\x1b[K{line[:100]}")
                sys.stdout.flush()

    def _seconds(self) -> int:
        return int(time.monotonic() - self._began)
