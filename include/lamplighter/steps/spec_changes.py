"""What differs between a spec and the one that ran before: key by key, and what forbids it.

Pure functions of specs as plain JSON values, as the ledger keeps them. Keys that an older version
of Lamplighter did not know are not there; they count as they are by default.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lamplighter.spec import ModelSpec

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One key that differs. None stands for a key that is not there."""

    key: str
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {_shown(self.old)} -> {_shown(self.new)}"


def with_defaults(document: Document) -> Document:
    """Complete a stored spec by the defaults of today, where today's Lamplighter can read it."""
    try:
        return ModelSpec.model_validate(document).document()
    except ValidationError:
        return document


def differences(old: Document, new: Document) -> list[Change]:
    """Return every key whose value differs, in the order of the new spec, then the old one's."""
    return list(_differing(with_defaults(old), new, ()))


def why_forbidden(old: Document, new: Document, ingested: Collection[str]) -> list[str]:
    """Return what ingested tables, and the predictions kept, forbid the new spec to change."""
    found = []
    if ingested and _names_classes(old) != _names_classes(new):
        found.append(
            f"task was {old['task']} and is now {new['task']}, but predictions are kept as classes "
            "for multiclass and as numbers else; leave it, or give the model of the new task a "
            "name of its own"
        )
    for name in ingested:
        before, after = (spec["data"]["tables"].get(name) for spec in (old, new))
        for what in ("key", "event_time") if before and after else ():
            if before.get(what) != after.get(what):
                found.append(
                    f"data.tables.{name}.{what} was {_shown(before.get(what))} and is now "
                    f"{_shown(after.get(what))}, but the table's rows are kept by the former; "
                    "leave it, or give the table a new name to ingest it afresh"
                )
    return found


def other_target(old: Document, new: Document) -> str:
    """Say how what is predicted differs; empty if it is the same.

    A table that is gone may have been renamed: then its column of the same name is the same target.
    """
    before, after = _predicted(old), _predicted(new)
    same_table = before[1] == after[1] or before[1] not in new["data"]["tables"]
    if before[0] == after[0] and before[2:] == after[2:] and same_table:
        return ""
    return f"{_described(before)}, and now {_described(after)}"


def _names_classes(document: Document) -> bool:
    return bool(document["task"] == "multiclass")


def _predicted(document: Document) -> tuple[str, str, str, Any]:
    data = document["data"]
    table, _, column = data["target"].rpartition(".")
    named = table or data.get("examples") or next(iter(data["tables"]))
    return document["task"], named, column, data.get("positive")


def _described(predicted: tuple[str, str, str, Any]) -> str:
    task, table, column, positive = predicted
    value = "" if positive is None else f", {positive!r}"
    return f"{table}.{column} ({task}{value})"


def _differing(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*new, *old)):
            yield from _differing(old.get(key), new.get(key), (*path, str(key)))
    elif old != new and not (_empty(old) and _empty(new)):
        yield Change(".".join(path), old, new)


def _empty(value: Any) -> bool:
    return value is None or value == {} or value == []


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={_shown(v)}" for k, v in value.items() if not _empty(v)) or "nothing"
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return str(value)
