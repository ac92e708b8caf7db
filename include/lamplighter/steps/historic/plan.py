"""What there is to evaluate of an interval: which versions, and by the knowledge of which times."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from lamplighter.errors import UsageError
from lamplighter.ledger import Ledger, Release
from lamplighter.ledger.records import NO_CHAMPION
from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import Interval

CHAMPION, CURRENT = "champion", "current"
_VERSION = "version:"
_MOMENT = timedelta(microseconds=1)
_MEANING = ("task", "time", "data", "features", "decision")
"""Sections of a spec on which the result of an evaluation depends."""

Period = tuple[datetime, datetime]


@dataclass(frozen=True)
class Look:
    """A way to look at an interval: by the labels known at a time, with which features.

    `hindsight`: the features, too, hold what became known after the prediction; see `looks_at`.
    """

    knowledge_time: datetime
    hindsight: bool = False


@dataclass(frozen=True)
class Wanted:
    """One evaluation: a version, the periods of an interval that are its own, and a look."""

    model: str
    version: str
    chosen_by: str
    interval: Interval
    periods: tuple[Period, ...]
    look: Look
    meaning: str

    @cached_property
    def key(self) -> str:
        """The name of the evaluation: the same for the same question, whenever it is asked."""
        parts = [
            self.meaning,
            self.chosen_by,
            self.version,
            *(moment.isoformat() for period in self.periods for moment in period),
            self.interval.start.isoformat(),
            self.interval.end.isoformat(),
            self.look.knowledge_time.isoformat(),
            self.look.hindsight,
        ]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return f"{self.model}/{self.interval.start:%Y-%m-%dT%H%M%S}/historic-{digest}"


def maturity(spec: ModelSpec, interval: Interval) -> datetime:
    """Return when the labels of all examples predicted in an interval are certainly known."""
    return interval.end + foresight(spec)


def foresight(spec: ModelSpec) -> timedelta:
    """Return how long after its prediction an example's label is certainly known."""
    return spec.time.lead + spec.time.label_delay if spec.time else timedelta(0)


def looks_at(
    spec: ModelSpec, interval: Interval, *, reach: datetime, knowledge_time: datetime | None
) -> list[Look]:
    """Return how to look at an interval, from a lake that knows everything until `reach`.

    By the labels known when the interval ended, and by those known when they had all matured; and
    then once more in hindsight, with features that hold what was known when the labels had
    matured. With a `knowledge_time`, by the labels known then instead of the first two.

    Raises
    ------
    UsageError
        If `knowledge_time` lies before the interval's end.
    """
    matured, end = maturity(spec, interval), interval.end
    if knowledge_time is not None and knowledge_time < end:
        raise UsageError(
            f"knowledge_time {knowledge_time.isoformat()} lies before {end.isoformat()}, the end "
            "of the interval that is evaluated; choose a later one"
        )
    times = [knowledge_time] if knowledge_time is not None else [end, matured]
    looks = [Look(time) for time in dict.fromkeys(times) if time <= reach]
    if end < matured <= reach:
        looks.append(Look(matured, hindsight=True))
    return looks


def checked_choice(ledger: Ledger, model: str, by: str) -> str:
    """Return `by` as it is: ``champion``, ``current``, or ``version:N`` of a known version.

    Raises
    ------
    UsageError
        If it is something else, or there is no such version.
    """
    if by in (CHAMPION, CURRENT):
        return by
    if not by.startswith(_VERSION):
        raise UsageError(
            f"by is {by!r}, expected {CHAMPION}, {CURRENT}, or {_VERSION}N with a version's number"
        )
    version = by.removeprefix(_VERSION)
    if ledger.version(model, version) is None:
        known = ", ".join(sorted((v.version for v in ledger.versions(model)), key=_number))
        raise UsageError(
            f"{model} has no version {version!r} in the ledger; it has {known or 'none'}"
        )
    return by


def plan(
    spec: ModelSpec,
    releases: Sequence[Release],
    looks: Iterable[tuple[Interval, Sequence[Look]]],
    *,
    by: str,
) -> list[Wanted]:
    """Return every evaluation of some intervals, in the order of intervals, versions and looks.

    Parameters
    ----------
    releases : sequence of Release
        All of the live timeline.
    by : str
        As `checked_choice` returns it.
    """
    document = spec.document()
    gate = {key: document["gate"].get(key) for key in ("confidence", "slices")}
    text = json.dumps([*(_without_sources(document[name], name) for name in _MEANING), gate])
    meaning = hashlib.sha256(text.encode()).hexdigest()[:16]
    return [
        Wanted(spec.model, version, by, interval, periods, look, meaning)
        for interval, some in looks
        for version, periods in judged_versions(spec, releases, interval, by=by).items()
        for look in some
    ]


def judged_versions(
    spec: ModelSpec, releases: Sequence[Release], interval: Interval, *, by: str
) -> dict[str, tuple[Period, ...]]:
    """Return which version is judged in which periods of an interval.

    Where there was no champion, `NO_CHAMPION` stands for the version.
    """
    whole = (interval.start, interval.end)
    if by == CURRENT:
        return {releases[-1].version if releases else NO_CHAMPION: (whole,)}
    if by != CHAMPION:
        return {by.removeprefix(_VERSION): (whole,)}
    if spec.time is None:
        # The moment before its end: as when the interval is scored.
        began = [r for r in releases if r.valid_from <= interval.end - _MOMENT]
        return {began[-1].version if began else NO_CHAMPION: (whole,)}
    found: dict[str, list[Period]] = {}
    first = releases[0].valid_from if releases else interval.end
    reigns = [(NO_CHAMPION, interval.start, first)]
    reigns += [(r.version, r.valid_from, r.valid_to or interval.end) for r in releases]
    for version, start, end in reigns:
        period = (max(start, interval.start), min(end, interval.end))
        if period[0] < period[1]:
            found.setdefault(version, []).append(period)
    return {version: tuple(periods) for version, periods in found.items()}


def _without_sources(section: object, name: str) -> object:
    # Where rows came from, and how they were checked, changes nothing of what the lake holds.
    if name != "data" or not isinstance(section, dict):
        return section
    tables = {
        table: {key: value for key, value in declared.items() if key != "source"}
        for table, declared in section["tables"].items()
    }
    return {**{k: v for k, v in section.items() if k != "validate"}, "tables": tables}


def _number(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdigit() else (0, version)
