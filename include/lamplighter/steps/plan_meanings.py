"""What changes of a spec mean: a table from keys to sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter

from lamplighter.spec import ModelSpec
from lamplighter.steps.spec_changes import Change, Document


@dataclass(frozen=True)
class Known:
    """What the stores know of the model when the plan is made.

    Attributes
    ----------
    spec : mapping or None
        The spec of the model's last live night; None for a model that never ran.
    champion : str or None
        The version that is champion.
    champion_features : tuple of str
        What it needs to score; empty if there is none, or it does not load.
    ingested : mapping of str to datetime or None
        Per table of the spec, up to when it was ingested.
    others : mapping of str to mapping
        The last specs of the other models in the ledger.
    now : datetime
        For the next times of a schedule.
    """

    spec: Document | None
    champion: str | None
    champion_features: tuple[str, ...]
    ingested: Mapping[str, datetime | None]
    others: Mapping[str, Document]
    now: datetime


Meaning = Callable[[Sequence[Change], ModelSpec, Known], Iterator[str]]


def meanings_of(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    """Say what each group of changes means, in the order of the table below."""
    for pattern, meaning in _MEANINGS:
        concerned = [change for change in changes if re.match(pattern, change.key)]
        if concerned:
            yield from meaning(concerned, spec, known)


def _schedule(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    yield f"the DAGs of {spec.model} get a new schedule; {next_times(spec, known.now)}"
    if spec.schedule.catchup and spec.schedule.cron is not None:
        yield "schedule.catchup is on: intervals since schedule.start that never ran will run"


def _resources(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    for change in changes:
        parts = change.key.split(".")
        step = parts[2] if len(parts) > 2 else "every step"
        what = ".".join(parts[3:]) or parts[1]
        yield f"task {step}: {what} {_plain(change.old)} -> {_plain(change.new)}"


def _tables(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    assert known.spec is not None
    before = known.spec["data"]["tables"]
    for name in spec.data.tables:
        if name not in before:
            since = f" from {spec.time.start}" if spec.time else ""
            yield f"table {name} is new: the next night ingests it{since}"
    for name in before:
        if name not in spec.data.tables:
            yield f"table {name} is no longer read; its rows stay in the lake"
    for name in sorted({c.key.split(".")[2] for c in changes if c.key.count(".") > 2}):
        if name in before and name in spec.data.tables:
            yield from _table(name, [c for c in changes if c.key.split(".")[2] == name], known)


def _table(name: str, changes: Sequence[Change], known: Known) -> Iterator[str]:
    keys = {change.key.split(".")[3] for change in changes}
    until = known.ingested.get(name)
    if "source" in keys:
        since = f"; rows up to {until:%Y-%m-%d %H:%M} stay as they were ingested" if until else ""
        yield f"table {name} is read from another source from the next night on{since}"
    if keys & {"available_at", "lag"} and until:
        yield (
            f"table {name}: rows that are in the lake keep the time they became known; only rows "
            "ingested from now on follow the new rule"
        )
    if "columns" in keys:
        yield f"table {name}: rows ingested before have no value in columns that are new"
    others = sorted(keys - {"source", "available_at", "lag", "columns", "key", "event_time"})
    if others:
        yield f"table {name}: {', '.join(others)} holds from the next night on"


def _time(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    keys = {change.key for change in changes}
    if keys & {"time.lead", "time.label_delay", "time.timezone"}:
        yield (
            "examples get other prediction times, days or hold-outs from the next night on; "
            "the champion was trained under the former"
        )
    if "time.start" in keys and any(known.ingested.values()):
        yield (
            "time.start: nights read only what is new, so rows from before the former start do not "
            "come in; an as_of before the new one is refused"
        )


def _features(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    yield "the next candidate has other features"
    gone = sorted({*spec.features.drop} & {*known.champion_features})
    if gone:
        yield (
            f"champion version {known.champion} needs {', '.join(gone)}, which would be dropped: "
            "scoring stops, and no night can compare with it, until a person promotes a version "
            "that was trained without"
        )
    elif any(c.key == "features.function" for c in changes) and known.champion is not None:
        yield f"champion version {known.champion} goes on only if its features are still made"


def _thresholds(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
    for change in changes:
        old, new = _plain(change.old), _plain(change.new)
        yield f"{change.key}: {old} -> {new}, from the next night on"


def _says(sentence: str) -> Meaning:
    def say(changes: Sequence[Change], spec: ModelSpec, known: Known) -> Iterator[str]:
        yield sentence

    return say


_MEANINGS: tuple[tuple[str, Meaning], ...] = (
    (r"schedule\.(cron|timezone|start|end|catchup)$", _schedule),
    (r"schedule\.(pool|steps)\b", _resources),
    (r"schedule\.late_after$", _thresholds),
    (r"owner\b", _says("owner, notifications or access of its DAGs change at the next parse")),
    (r"data\.tables\b", _tables),
    (r"time\b", _time),
    (r"data\.validate\b", _thresholds),
    (r"features\b", _features),
    (
        r"(split|search|ensemble)\b",
        _says("the next night searches, trains and judges otherwise; the champion stays as it is"),
    ),
    (r"search\.workers$", _thresholds),
    (r"(gate|monitor)\b", _thresholds),
    (r"release\.golden_rows$", _says("versions registered from now on keep other golden rows")),
    (r"(explain|card)\b", _says("the model cards of candidates from now on say otherwise or more")),
    (r"retrain\b", _says("the rule when a night trains or may change anything is another one")),
)


def next_times(spec: ModelSpec, now: datetime) -> str:
    if spec.schedule.cron is None:
        return "nights begin by hand only"
    local = now.astimezone(ZoneInfo(spec.schedule.timezone))
    times = (
        when for when in croniter(spec.schedule.cron, local).all_next(datetime)
        if spec.schedule.start is None or when.date() >= spec.schedule.start
    )  # fmt: skip
    coming = []
    for when in islice(times, 3):
        if spec.schedule.end is not None and when.date() > spec.schedule.end:
            break
        coming.append(f"{when:%Y-%m-%d %H:%M}")
    if not coming:
        return f"no night begins by itself: schedule.end is {spec.schedule.end}"
    return f"nights begin {', '.join(coming)} and so on ({spec.schedule.timezone})"


def _plain(value: Any) -> str:
    return "nothing" if value is None else str(value)
