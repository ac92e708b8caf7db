"""Digests of the examples of a night: who is in which part, and all that is learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lamplighter.data.digests import frame_digest
from lamplighter.steps.examples_frame import (
    BLOCK,
    LABEL,
    LABEL_TIME,
    PART,
    PREFIX,
    NightExamples,
    feature_columns,
)
from lamplighter.steps.score_interval import feature_digests

_NOT_KEYS = {PART, BLOCK, LABEL, LABEL_TIME, "event_time", "prediction_time"}
_DIGEST = "features"


def split_digest(frame: pd.DataFrame) -> str:
    """Digest which examples are trained on and which are held out, whatever their order."""
    keys = key_columns(frame)
    return frame_digest(frame[[*keys, PART]], sort_by=[*keys, PART])


def examples_digest(frame: pd.DataFrame, kept: Sequence[str]) -> str:
    """Digest all that a model learns from or is judged by: parts, times, labels, kept features.

    The order of the rows counts: members are fitted on them in this order.
    """
    return frame_digest(_told(frame, kept))


def first_changed_rows(
    then: pd.DataFrame, now: pd.DataFrame, kept: Sequence[str], *, most: int = 3
) -> str:
    """Say which examples differ, by key, and in what the first of them does; empty: none."""
    keys = key_columns(then)
    told = [_told(frame, kept).set_index(keys) for frame in (then, now)]
    gone = told[0].index.difference(told[1].index, sort=False)
    new = told[1].index.difference(told[0].index, sort=False)
    both = told[0].index.intersection(told[1].index, sort=False)
    before, after = (frame.loc[both] for frame in told)
    unlike = {c: ~_same(before[c], after[c]) for c in before.columns}
    changed = both[pd.concat(unlike, axis=1).any(axis=1).to_numpy()] if len(both) else both
    said = [
        f"{len(names):,} examples {what} ({_listed(names, keys, most)})"
        for names, what in ((gone, "are gone"), (new, "are new"), (changed, "are others"))
        if len(names)
    ]
    if len(changed):
        first = both.get_loc(changed[0])
        columns = [name for name, differs in unlike.items() if differs.iloc[first]]
        said.append(f"the first of these in {_in_words(columns, then, now, changed[0], kept)}")
    return "; ".join(said)


def key_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a stored frame of examples that are its key."""
    return [c for c in frame.columns if c not in _NOT_KEYS and not c.startswith(PREFIX)]


def whole(examples: NightExamples) -> pd.DataFrame:
    """Return both parts as one frame again."""
    return pd.concat([examples.training, examples.holdout], ignore_index=True)


def _told(frame: pd.DataFrame, kept: Sequence[str]) -> pd.DataFrame:
    named = [*key_columns(frame), PART, "event_time", "prediction_time", LABEL, LABEL_TIME]
    digests = feature_digests(feature_columns(frame, tuple(kept)))
    return frame[named].reset_index(drop=True).assign(**{_DIGEST: digests})


def _same(one: pd.Series, other: pd.Series) -> pd.Series:
    return (one == other) | (one.isna() & other.isna())


def _listed(names: pd.Index, keys: Sequence[str], most: int) -> str:
    shown = [_named(name, keys) for name in names[:most]]
    return ", ".join([*shown, "…"] if len(names) > most else shown)


def _named(name: object, keys: Sequence[str]) -> str:
    values = name if isinstance(name, tuple) else (name,)
    return ", ".join(f"{k} {v}" for k, v in zip(keys, values, strict=True))


def _in_words(
    columns: Sequence[str],
    then: pd.DataFrame,
    now: pd.DataFrame,
    name: object,
    kept: Sequence[str],
) -> str:
    if columns != [_DIGEST]:
        return ", ".join(name for name in columns if name != _DIGEST)
    keys = key_columns(then)
    rows = [f.set_index(keys).loc[[name]] for f in (then, now)]
    for feature in kept:
        was, now_is = (row[f"{PREFIX}{feature}"].iloc[0] for row in rows)
        if not (was == now_is or (pd.isna(was) and pd.isna(now_is))):
            return f"the feature {feature}: {was} then, {now_is} now"
    return "the features"
