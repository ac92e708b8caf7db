"""One thing that the doctor looked at, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lamplighter.errors import LamplighterError

Level = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what was found.

    A note is worth reading and needs nobody to act: something is unusual, or was not looked at.
    """

    check: str
    level: Level
    message: str
    model: str | None = None

    @property
    def right(self) -> bool:
        """Whether nobody has to act."""
        return self.level != "wrong"

    def document(self) -> dict[str, object]:
        """Return the finding as plain JSON values."""
        return {
            "check": self.check,
            "model": self.model,
            "level": self.level,
            "right": self.right,
            "message": self.message,
        }


def asked(check: str, model: str | None, question: Callable[[], tuple[Level, str]]) -> Finding:
    """Ask a question; that it cannot be answered is a finding too."""
    try:
        level, message = question()
    except LamplighterError as error:
        level, message = "wrong", str(error)
    return Finding(check, level, message, model)
