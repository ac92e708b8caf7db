"""Errors of values that may be one of several kinds: said of the kind that was meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Found:
    """An error, and where in the file.

    Attributes
    ----------
    others : tuple of ErrorDetails
        What every other kind says, where the value is of none.
    """

    location: Location
    error: ErrorDetails
    others: tuple[ErrorDetails, ...] = ()


def told_apart(errors: Sequence[ErrorDetails], content: Any) -> list[Found]:
    """Return errors at the places of a file, of one kind each where a value may be of several.

    pydantic tries every kind, puts the kind's name into the location, and lists the errors of all.
    Meant is the kind whose keys are there, or nearest; where a value is of no kind at all, one
    error remains.
    """
    # An error of a mapping's key, not of its value, is marked by a last part '[key]'.
    clean = [Found(tuple(p for p in error["loc"] if p != "[key]"), error) for error in errors]
    return _resolved(clean, content)


def _resolved(errors: Sequence[Found], content: Any) -> list[Found]:
    plain: list[Found] = []
    unions: dict[Location, dict[str | int, list[Found]]] = {}
    for found in errors:
        place = _kind_at(found, content)
        if place is None:
            plain.append(found)
            continue
        above, kind, below = _split(found.location, place)
        stripped = replace(found, location=(*above, *below))
        unions.setdefault(above, {}).setdefault(kind, []).append(stripped)
    for union, kinds in unions.items():
        plain.extend(_of_one_kind(union, [_resolved(k, content) for k in kinds.values()]))
    return plain


def _of_one_kind(union: Location, kinds: Sequence[list[Found]]) -> list[Found]:
    meant = [kind for kind in kinds if not any(_is_another(found, union) for found in kind)]
    if meant:
        return min(meant, key=lambda kind: (_strange_keys(kind, union), len(kind)))
    first, *rest = [found for kind in kinds for found in kind if found.location == union]
    others = (error for found in rest for error in (found.error, *found.others))
    return [replace(first, others=(*first.others, *others))]


def _strange_keys(kind: Sequence[Found], union: Location) -> int:
    return sum(
        found.location[:-1] == union and found.error["type"] in ("missing", "extra_forbidden")
        for found in kind
    )


def _is_another(found: Found, union: Location) -> bool:
    kind = found.error["type"]
    other = kind.endswith(("_type", "_parsing", "_from_float")) or kind == "literal_error"
    return found.location == union and other


def _split(location: Location, place: int) -> tuple[Location, str | int, Location]:
    return location[:place], location[place], location[place + 1 :]


def _kind_at(found: Found, content: Any) -> int | None:
    """Return the place of the first part of a location that stands in no file."""
    last = len(found.location) - 1
    for place, part in enumerate(found.location):
        if isinstance(content, Mapping):
            keys = {str(key): value for key, value in content.items()}
            if str(part) in keys:
                content = keys[str(part)]
                continue
            return None if place == last and found.error["type"] == "missing" else place
        if isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
            continue
        return place
    return None
