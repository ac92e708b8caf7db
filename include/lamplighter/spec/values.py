"""The kinds of value that a spec is written in: durations, zones, days, names, dotted paths."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
DOTTED_PATTERN = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


_LONGEST = timedelta(days=36_500)


def as_duration(text: str) -> timedelta | None:
    """Read a duration such as 36h; None if the text is none.

    >>> as_duration("36h") == timedelta(days=1.5), as_duration("36 hours") is None
    (True, True)
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    seconds = float(found[1]) * timedelta(**{_UNITS[found[2]]: 1}).total_seconds()
    if seconds > _LONGEST.total_seconds():
        raise ValueError("expected a duration of at most 36500d")
    return timedelta(seconds=seconds)


def _parse_duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = as_duration(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("expected a duration such as 90s, 30m, 2h or 14d")
    return found


def _print_duration(value: timedelta) -> str:
    seconds = value.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("expected a time zone such as UTC or America/New_York")
    return value


def _plain_date(value: object) -> object:
    # YAML reads an unquoted 2013-01-01 as a date already.
    return value.date() if isinstance(value, datetime) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_parse_duration),
    PlainSerializer(_print_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhd]$", "examples": ["36h"]}),
]
Zone = Annotated[str, AfterValidator(_known_zone)]
Day = Annotated[date, BeforeValidator(_plain_date)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
DottedPath = Annotated[str, Field(pattern=DOTTED_PATTERN, examples=["my_package.module:function"])]
ColumnType = Literal["int", "float", "string", "bool", "timestamp"]


class Section(BaseModel):
    """A part of the spec: frozen, and strict about keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
