"""What is told: sentences for a reader, and the same as plain JSON values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lamplighter.evaluation.wording import figure

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Told:
    """Sentences, and a document that holds their numbers. In it, null is what is not known."""

    sentences: tuple[str, ...]
    document: dict[str, Any]

    def whole(self) -> dict[str, Any]:
        """Return both as one document."""
        return {**self.document, "sentences": list(self.sentences)}


def moment(when: datetime | None) -> str:
    """Return an instant in words; `unknown` for None."""
    return UNKNOWN if when is None else f"{when:%Y-%m-%d %H:%M %Z}"


def number(value: Any) -> str:
    """Return a number in digits that a reader can use; `unknown` for what is none.

    Examples
    --------
    >>> number(0.12345678), number(12), number(None), number(True)
    ('0.12346', '12', 'unknown', 'unknown')
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:,}" if isinstance(value, int) else figure(value)


def interval(found: Any) -> str:
    """Return a number with its interval, each part `unknown` where it is not there.

    Examples
    --------
    >>> interval({"value": 0.5, "lower": 0.4, "upper": None})
    '0.50000 (0.40000 to unknown)'
    >>> interval(None)
    'unknown'
    """
    if not isinstance(found, dict):
        return UNKNOWN
    value, lower, upper = (number(found.get(name)) for name in ("value", "lower", "upper"))
    return f"{value} ({lower} to {upper})"


def sentence(words: str) -> str:
    """Return words as a sentence: a capital first, a full stop last.

    Examples
    --------
    >>> sentence("the night failed"), sentence("done.")
    ('The night failed.', 'Done.')
    """
    words = words.strip()
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
