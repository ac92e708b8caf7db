"""What `lamplighter init` does: a starter spec for a model, from a look at its data."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pandas as pd

from lamplighter.errors import DataError, UsageError
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.spec.values import NAME_PATTERN
from lamplighter.steps.starter.roles import (
    Task,
    as_times,
    checked_key,
    guess_key,
    guess_target,
    guess_time,
    near,
)
from lamplighter.steps.starter.sample import Sample, look_at
from lamplighter.steps.starter.sizes import span_of
from lamplighter.steps.starter.starter import Findings, write_starter
from lamplighter.steps.starter.suspects import (
    doubtful_features,
    leaking_features,
    unfit_features,
)


@dataclass(frozen=True)
class Wish:
    """What a person says about the model; the rest is guessed from the data."""

    model: str
    data: tuple[str, ...]
    target: str
    key: tuple[str, ...] = ()
    time: str | None = None
    task: Task | None = None
    owner: str | None = None


def init_spec(wish: Wish, *, out: Path, now: datetime, force: bool = False) -> Findings:
    """Write a starter spec to `out`, and return what was found out about the data.

    Raises
    ------
    UsageError
        If something asked for is not there or cannot be, or `out` exists.
    DataError
        If the data cannot be read, or leaves nothing to learn from.
    """
    if not re.match(NAME_PATTERN, wish.model):
        raise UsageError(
            f"got the name {wish.model!r}, expected lower-case letters, digits and _, such as "
            f"{_proposed(wish.model)}"
        )
    if out.exists() and not force:
        raise UsageError(f"{out} is there already; choose another name, or --force to replace it")
    found = study(wish, look_at(wish.data), now=now)
    _write_checked(write_starter(found), out)
    return found


def study(wish: Wish, samples: Sequence[Sample], *, now: datetime) -> Findings:
    """Guess what the spec has to say. Changes nothing."""
    labelled = _with_target(samples, wish.target)
    target = guess_target(labelled.frame[wish.target], wish.task)
    keys = {s.name: _key(s, wish, labelled) for s in samples}
    examples = _examples(samples, labelled, keys)
    time = guess_time(examples.frame, wish.target, wish.time)
    keys[examples.name] = _key(examples, wish, labelled, time)
    times = _times(samples, examples, time, wish)
    found = Findings(
        model=wish.model,
        owner=wish.owner,
        samples=tuple(samples),
        examples=examples,
        labelled=labelled,
        column=wish.target,
        target=target,
        keys=keys,
        times=times,
        span=None if time is None else span_of(_moments(examples.frame[time], time), now),
    )
    return _with_features(found)


def _with_target(samples: Sequence[Sample], target: str) -> Sample:
    holding = [sample for sample in samples if target in sample.frame]
    if not holding:
        columns = [column for sample in samples for column in sample.frame.columns]
        raise UsageError(f"--target {target} is no column of the data; {near(target, columns)}")
    if len(holding) > 1:
        raise UsageError(
            f"--target {target} is a column of {' and of '.join(s.location for s in holding)}; "
            "rename it in all but one"
        )
    if "." in target:
        raise UsageError(f"--target {target} has a dot in its name; rename it at the source")
    return holding[0]


def _key(sample: Sample, wish: Wish, labelled: Sample, time: str | None = None) -> tuple[str, ...]:
    if wish.key and (sample is labelled or set(wish.key) <= set(sample.frame)):
        return checked_key(sample.frame, wish.key)
    if time is None:
        time = guess_time(sample.frame, wish.target, None)
    return guess_key(sample.frame, wish.target, time)


def _examples(
    samples: Sequence[Sample], labelled: Sample, keys: dict[str, tuple[str, ...]]
) -> Sample:
    """Return the table of examples: the one with the target, or a wider one with the same key."""
    key = keys[labelled.name]
    wider = [
        s
        for s in samples
        if keys[s.name] == key
        and set(key) <= set(s.frame)
        and s.frame.shape[1] > labelled.frame.shape[1]
    ]
    return max(wider, key=lambda s: s.frame.shape[1], default=labelled)


def _times(
    samples: Sequence[Sample], examples: Sample, time: str | None, wish: Wish
) -> dict[str, str]:
    if time is None:
        return {}
    found = {examples.name: time}
    for sample in samples:
        if sample is not examples:
            other = time if time in sample.frame else guess_time(sample.frame, wish.target, None)
            if other is not None:
                found[sample.name] = other
    return found


def _moments(column: pd.Series, name: str) -> pd.Series:
    times = as_times(column)
    assert times is not None
    missing = int(times.isna().sum())
    if missing:
        raise DataError(
            f"--time {name}: {missing:,} rows have none, so it cannot be told when they count; "
            "fill it in at the source, or choose another column"
        )
    return times


def _with_features(found: Findings) -> Findings:
    key, frame = found.keys[found.examples.name], found.examples.frame
    apart = found.labelled is not found.examples
    if apart:
        labels = found.labelled.frame[[*key, found.column]].drop_duplicates(list(key))
        frame = frame.merge(labels, on=list(key), how="left")
    drop = unfit_features(frame, target=found.column, key=key, time=found.time)
    left = [c for c in frame.columns if c not in {*drop, *key, found.column, found.time}]
    leaks = leaking_features(frame, left, target=found.column, task=found.target.task)
    left = [c for c in left if c not in leaks]
    if not left:
        why = "; ".join(f"{name}: {said}" for name, said in [*drop.items(), *leaks.items()][:5])
        raise DataError(
            f"{found.examples.location} has no column that can be a feature as it is ({why}); make "
            "features in a function (features.function) and write the spec by hand, "
            "docs/spec-reference.md"
        )
    return replace(found, drop=drop, leaks=leaks, doubtful=tuple(doubtful_features(left)))


def _write_checked(text: str, out: Path) -> ModelSpec:
    """Write the file whole, and only if it is a valid spec."""
    if not os.access(out.absolute().parent, os.W_OK):
        raise UsageError(f"the folder {out.parent} is not there or not writable; create it first")
    partial = out.with_name(f".{out.name}.{uuid4().hex}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        spec = load_spec(partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return spec


def _proposed(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if re.match(NAME_PATTERN, plain) else f"model_{plain}" if plain else "late_flights"
