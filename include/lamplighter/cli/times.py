"""Times as a person types them."""

from __future__ import annotations

from datetime import datetime, tzinfo

from lamplighter.errors import UsageError

_FIRST, _LAST = 1700, 2200  # what times in nanoseconds can hold, with room for a zone


def parse_time(text: str, zone: tzinfo, *, option: str) -> datetime:
    """Read an ISO date or time; without a zone of its own it is in `zone`.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> parse_time("2013-07-01", ZoneInfo("America/New_York"), option="--as-of").isoformat()
    '2013-07-01T00:00:00-04:00'
    >>> parse_time("2013-07-01T08:00Z", ZoneInfo("America/New_York"), option="--as-of").isoformat()
    '2013-07-01T08:00:00+00:00'
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option}: got {text!r}, expected a date or time such as 2013-07-01 or "
            "2013-07-01T04:00-04:00"
        ) from None
    if not _FIRST <= parsed.year <= _LAST:
        raise UsageError(f"{option}: got {text!r}, expected a year from {_FIRST} to {_LAST}")
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)
