"""Who is trained on, who is held out: in time order with an exact gap, or by a stable hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.row_key import without_copies
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec
from lamplighter.spec.data import ROW_KEY
from lamplighter.spec.model import TimeRules

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Two disjoint parts of the examples; what is in neither has no label yet, or lies in the gap.

    Attributes
    ----------
    cutoff : datetime or None
        Nothing that became known later is trained on. None without time.
    training, holdout : array of bool, shape (n_examples,)
        Both may be empty, when there is too little matured data.
    blocks : list of str
        The held-out blocks, oldest first: local days, or single rows without time.
    """

    cutoff: datetime | None
    training: Bools
    holdout: Bools
    blocks: list[str]


def split_examples(
    spec: ModelSpec, examples: pd.DataFrame, *, as_of: datetime, knowledge_time: datetime
) -> Split:
    """Divide the examples into those to train on and those to judge by.

    With time, the newest ``split.holdout_days`` whole days on which labels matured are held out.
    A day counts from the local midnight, by prediction time, and has matured when its last label
    is certainly known: lead and label delay after its end. Trained on are examples predicted
    before the first held-out day whose labels were known when that day began; with
    ``split.matured_only``, those whose labels were certain to be known.

    Without time, the examples whose key's hash (or that of ``split.group_by``) falls below
    ``split.holdout_fraction`` are held out. An example never changes sides as others come and go.

    Parameters
    ----------
    examples : DataFrame
        As `known_examples` returns them.
    as_of, knowledge_time : datetime
        As given to `known_examples`.
    """
    labelled = examples["label"].notna().to_numpy()
    if spec.time is None:
        low = _fractions(spec, examples) < spec.split.holdout_fraction
        held_out = examples["block"][labelled & low]
        return Split(
            cutoff=None,
            training=labelled & ~low,
            holdout=labelled & low,
            blocks=sorted(held_out),
        )
    blocks = holdout_blocks(spec, examples, as_of=as_of, knowledge_time=knowledge_time)
    if not blocks:
        nothing = np.zeros(len(examples), dtype=bool)
        return Split(cutoff=None, training=nothing, holdout=nothing.copy(), blocks=[])
    cutoff = start_of_day(spec, date.fromisoformat(blocks[0]))
    training = labelled & _learnable(spec, examples, pd.Timestamp(cutoff))
    if spec.split.max_training_days is not None:
        oldest = date.fromisoformat(blocks[0]) - timedelta(days=spec.split.max_training_days)
        training &= (examples["block"] >= oldest.isoformat()).to_numpy()
    holdout = labelled & examples["block"].isin(blocks).to_numpy()
    return Split(cutoff=cutoff, training=training, holdout=holdout, blocks=blocks)


def nothing_held_out(spec: ModelSpec, examples: pd.DataFrame, *, as_of: datetime) -> Split:
    """Return a split that trains on all that may be learnt from by who is judged from `as_of` on.

    The rule is that of `split_examples`, with its cut-off at `as_of`.

    Raises
    ------
    DataError
        If the spec has no time: then no rows are ever new.
    """
    _time(spec)
    labelled = examples["label"].notna().to_numpy()
    training = labelled & _learnable(spec, examples, pd.Timestamp(as_of))
    if spec.split.max_training_days is not None:
        today = as_of.astimezone(spec.zone).date()
        oldest = today - timedelta(days=spec.split.max_training_days)
        training &= (examples["block"] >= oldest.isoformat()).to_numpy()
    holdout = np.zeros(len(examples), dtype=bool)
    return Split(cutoff=as_of, training=training, holdout=holdout, blocks=[])


def training_folds(spec: ModelSpec, examples: pd.DataFrame) -> list[tuple[Ints, Ints]]:
    """Cut the training examples into folds: positions to fit on, positions to validate on.

    With time the folds are the last days of the training examples, each as long as the hold-out
    (shorter if there are few days), oldest first. Each is validated by what came before: examples
    whose labels were known when its first day began. Without time, every example is validated
    once, and folds are balanced by class.

    Parameters
    ----------
    examples : DataFrame
        The rows of `known_examples` that are trained on.

    Raises
    ------
    DataError
        If there are too few examples for two folds.
    """
    folds = _hashed_folds(spec, examples) if spec.time is None else _expanding(spec, examples)
    if len(folds) < 2:
        days = "" if spec.time is None else f" on {examples['block'].nunique()} days"
        raise DataError(
            f"{spec.model} has {len(examples)} training examples{days}, too few for two folds; "
            "choose a later as_of, or a smaller split.holdout_days"
        )
    return folds


def holdout_blocks(
    spec: ModelSpec, examples: pd.DataFrame, *, as_of: datetime, knowledge_time: datetime
) -> list[str]:
    """Name the days to hold out: the newest with labels, whole by `as_of` and matured."""
    days = matured_blocks(spec, examples, as_of=as_of, knowledge_time=knowledge_time)
    return days[-spec.split.holdout_days :]


def matured_blocks(
    spec: ModelSpec, examples: pd.DataFrame, *, as_of: datetime, knowledge_time: datetime
) -> list[str]:
    """Name the days with labels that are whole by `as_of` and whose labels are all known."""
    rules = _time(spec)
    days = sorted(examples["block"][examples["label"].notna()].unique())
    return [
        day
        for day in days
        if (end := start_of_day(spec, date.fromisoformat(day) + timedelta(days=1))) <= as_of
        and end + rules.lead + rules.label_delay <= knowledge_time
    ]


def start_of_day(spec: ModelSpec, day: date) -> datetime:
    """Return the instant at which a local day of the spec's zone begins."""
    local = datetime.combine(day, time(), tzinfo=spec.zone)
    return pd.Timestamp(local).tz_convert("UTC").to_pydatetime()


def stable_fractions(keys: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Map each key to a number in [0, 1) that depends on nothing but the key.

    >>> stable_fractions(pd.DataFrame({"id": [1, 2, 3]})).round(3).tolist()
    [0.42, 0.83, 0.305]
    """
    return _fractions_of(stable_digests(keys))


def stable_digests(keys: pd.DataFrame) -> list[str]:
    """Map each key to 16 hex digits that depend on nothing but the key."""
    texts = zip(*(keys[column].astype("str") for column in keys.columns), strict=True)
    return [hashlib.sha256("\x1f".join(text).encode()).hexdigest()[:16] for text in texts]


def _fractions_of(digests: list[str]) -> npt.NDArray[np.float64]:
    return np.array([int(digest[:13], 16) / 16**13 for digest in digests])


def _expanding(spec: ModelSpec, examples: pd.DataFrame) -> list[tuple[Ints, Ints]]:
    days = sorted(examples["block"].unique())
    count = min(spec.split.folds, len(days) - 1)
    if count < 1:
        return []
    # Before the first fold, labels must have had the time to come.
    gap = _time(spec).label_delay // timedelta(days=1)
    length = max(1, min(spec.split.holdout_days, (len(days) - gap) // (count + 1)))
    block = examples["block"].to_numpy()
    folds = []
    for fold in range(count, 0, -1):
        validated = days[len(days) - fold * length :][:length]
        start = pd.Timestamp(start_of_day(spec, date.fromisoformat(validated[0])))
        earlier = _learnable(spec, examples, start)
        if earlier.any():
            folds.append((np.flatnonzero(earlier), np.flatnonzero(np.isin(block, validated))))
    return folds


def _learnable(spec: ModelSpec, examples: pd.DataFrame, start: pd.Timestamp) -> Bools:
    """Say which examples may be learnt from by who is judged from `start` on."""
    known = (examples["label_time"] <= start) & (examples["prediction_time"] < start)
    if spec.split.matured_only:
        known &= examples["event_time"] + _time(spec).label_delay <= start
    return known.to_numpy()


def _hashed_folds(spec: ModelSpec, examples: pd.DataFrame) -> list[tuple[Ints, Ints]]:
    grouped = bool(spec.split.group_by)
    digests = examples["block"].tolist() if grouped else stable_digests(examples[_key(spec)])
    # Of rows that belong together, the first stands for all.
    own, first = np.unique(np.array(digests), return_index=True)
    label = examples["label"].iloc[first]
    groups = np.zeros(len(own)) if spec.task == "regression" else pd.factorize(label)[0]
    dealt = pd.Series(groups).groupby(groups).cumcount().to_numpy() % spec.split.folds
    fold = dealt[np.searchsorted(own, np.array(digests))]
    parts = [
        (np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(spec.split.folds)
    ]
    return [(fit, validate) for fit, validate in parts if len(fit) and len(validate)]


def _fractions(spec: ModelSpec, examples: pd.DataFrame) -> npt.NDArray[np.float64]:
    if spec.split.group_by:
        return _fractions_of(examples["block"].tolist())
    return stable_fractions(_side(examples[_key(spec)]))


def _side(keys: pd.DataFrame) -> pd.DataFrame:
    """Return what decides the side of an example: of rows without a key, copies share theirs."""
    return keys.assign(**{ROW_KEY: without_copies(keys[ROW_KEY])}) if ROW_KEY in keys else keys


def _key(spec: ModelSpec) -> list[str]:
    return list(spec.data.tables[spec.data.examples_table].key)


def _time(spec: ModelSpec) -> TimeRules:
    if spec.time is None:
        raise DataError(f"{spec.model} has no section `time`, so it has no days to hold out")
    return spec.time
