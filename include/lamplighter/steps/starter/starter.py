"""The starter spec as text: YAML with a comment where something was guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from lamplighter.spec.data import ROW_KEY
from lamplighter.steps.starter.roles import Target
from lamplighter.steps.starter.sample import Sample
from lamplighter.steps.starter.sizes import Span, search_seconds

_PLAIN = re.compile(r"[A-Za-z_][\w ./-]*[\w]$|[A-Za-z_]$")


@dataclass(frozen=True)
class Findings:
    """What was found out about the data, table by table."""

    model: str
    owner: str | None
    samples: tuple[Sample, ...]
    examples: Sample
    labelled: Sample
    column: str
    target: Target
    keys: dict[str, tuple[str, ...]]
    times: dict[str, str]
    span: Span | None
    drop: dict[str, str] = field(default_factory=dict)
    leaks: dict[str, str] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()

    @property
    def time(self) -> str | None:
        """The examples' column of event times."""
        return self.times.get(self.examples.name)


def write_starter(found: Findings) -> str:
    """Return the spec file's text."""
    sections = (_head, _time, _data, _features, _sizes, _schedule)
    lines = [line for section in sections for line in section(found)]
    # What a comment quotes from the data may hold line breaks of its own.
    return "".join(f"{' '.join(line.splitlines())}\n" for line in lines)


def _head(found: Findings) -> Iterator[str]:
    rows = f"{len(found.examples.frame):,} rows" + ("" if found.examples.whole else ", a sample")
    yield f"# Written by `lamplighter init` from {found.examples.location} ({rows})."
    yield "# What is said here was guessed: read it through. All keys: docs/spec-reference.md."
    yield "version: 1"
    yield f"model: {found.model}"
    if found.owner:
        yield f"owner: {{team: {quoted(found.owner)}}}"
    else:
        yield "owner: {team: unnamed} # who answers for it; add `email` and `notify` to be told"
    yield f"task: {found.target.task} # {found.target.why}"
    yield ""


def _time(found: Findings) -> Iterator[str]:
    if found.span is None:
        yield "# No column of times: rows are held out by a hash of their key, and a night trains"
        yield "# only when the data has changed. Else: `time` here, and `event_time` in the table."
        yield ""
        return
    yield "time:"
    yield f"  start: {found.span.first} # the first day of {found.time}"
    yield "  timezone: UTC # whose calendar days are counted; times without a zone are read as UTC"
    yield f"  lead: 0s # how long before {found.time} the prediction is due, such as 2h or 1d"
    yield f"  label_delay: 0s # how long after {found.time} {found.column} is certainly known"
    yield ""


def _data(found: Findings) -> Iterator[str]:
    yield "data:"
    apart = found.labelled is not found.examples
    if len(found.samples) > 1:
        yield f"  examples: {found.examples.name} # each of its rows is one prediction"
    yield f"  target: {quoted(f'{found.labelled.name}.{found.column}' if apart else found.column)}"
    if found.target.positive is not None:
        yield f"  positive: {_value(found.target.positive)} # its probability is what is predicted"
    yield "  tables:"
    for sample in found.samples:
        yield from _table(found, sample)
    yield from _validate(found)
    yield ""


def _table(found: Findings, sample: Sample) -> Iterator[str]:
    key, time = found.keys[sample.name], found.times.get(sample.name)
    yield f"    {sample.name}:"
    if sample not in (found.examples, found.labelled):
        yield "      # read, and used only by a feature function of yours (features.function)"
    yield f"      source: {{{sample.kind}: {json.dumps(sample.location)}}}"
    if key == (ROW_KEY,):
        yield "      # No column tells the rows apart, so each is known by its whole content: right"
        yield "      # while rows are only added; where they are corrected, a key is needed."
        yield f"      key: [{ROW_KEY}]"
    else:
        yield f"      key: [{', '.join(map(quoted, key))}] # one row for each"
    if time is not None:
        yield f"      event_time: {quoted(time)}"
        yield "      # available_at: the column that says when a row became known, if any; else"
        yield f"      lag: 0s # a row becomes known this long after {time}"


def _validate(found: Findings) -> Iterator[str]:
    lines = []
    if found.span is not None:
        least = found.span.quietest
        said = f"the quietest day had {least}" if least else "some days have none"
        lines.append(f"    min_rows: {found.span.min_rows} # a whole day with fewer stops; {said}")
    if found.target.missing:
        lines.append(
            f"    severity: {{target: warning}} # {found.target.missing:,} rows have no "
            f"{found.column}: they are not trained on"
        )
    if lines:
        yield "  validate:"
        yield from lines


def _features(found: Findings) -> Iterator[str]:
    yield "features: # all columns of the examples but its key, its time and the target, and these:"
    if found.drop or found.leaks:
        yield "  drop:"
        for name, why in found.drop.items():
            yield f"    - {quoted(name)} # {why}"
        if found.leaks:
            some = quoted(next(iter(found.leaks)))
            yield "    # These give the label away, so a night would stop. If they are known"
            yield f"    # beforehand, accept them, each with a reason: accept: {{{some}: why}}"
        for name, why in found.leaks.items():
            yield f"    - {quoted(name)} # {why}"
    else:
        yield "  drop: [] # columns that are filled in later than the prediction belong here"
    if found.doubtful:
        yield f"  # are these known when the prediction is due? {', '.join(found.doubtful)}"
    yield ""


def _sizes(found: Findings) -> Iterator[str]:
    rows, columns = found.examples.frame.shape
    if found.span is None:
        yield "split: {holdout_fraction: 0.25} # judged on a quarter of the rows, chosen by hash"
    else:
        days = found.span.holdout_days
        few = "" if days >= 10 else "; under 10, a second model can hardly be promoted"
        yield f"split: {{holdout_days: {days}}} # the newest of {found.span.days} days judge{few}"
    budget = search_seconds(rows, columns)
    yield f"search: {{budget_s: {budget}}} # seconds a night, for search and ensemble"
    yield ""


def _schedule(found: Findings) -> Iterator[str]:
    yield "schedule:"
    if found.span is not None and not found.span.fresh:
        yield f"  # The data ends on {found.span.last}: nights are started by hand, with an as_of."
        yield '  cron: null # once the data grows: "0 3 * * *"'
    else:
        yield '  cron: "0 3 * * *" # every night at three; null: only by hand'


def quoted(text: str) -> str:
    """Write a name in YAML, in quotes where it would be read as something else.

    Examples
    --------
    >>> quoted("mean radius"), quoted("no"), quoted("a: b")
    ('mean radius', '"no"', '"a: b"')
    """
    plain = _PLAIN.match(text) is not None and yaml.safe_load(text) == text
    return text if plain else json.dumps(text)


def _value(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
