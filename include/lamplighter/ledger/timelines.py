"""The names of timelines: `live`, and any number that are simulated."""

from __future__ import annotations

import re

from lamplighter.errors import UsageError

LIVE = "live"
_NAME = re.compile(r"live|simulated:[A-Za-z0-9_.:+-]+")


def checked_timeline(name: str) -> str:
    """Return the name as it is.

    Raises
    ------
    UsageError
        If it is no timeline's name. A misspelt `live` must not pass for an empty timeline.

    Examples
    --------
    >>> checked_timeline("simulated:weekly")
    'simulated:weekly'
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"timeline is {name!r}, expected 'live' or 'simulated:<id>'")
    return name
