"""The examples of a model: one row per entity to predict, with its times and, once known, label."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.data.asof_versions import Versions, microsecond
from lamplighter.data.lake import Lake
from lamplighter.data.positive import two_classes
from lamplighter.data.splits import holdout_blocks, stable_digests, start_of_day
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec

COLUMNS = ("event_time", "prediction_time", "block", "label", "label_time")
"""The columns of an example besides its key."""

_LABEL = ("label", "label_time")
_TIME: Final = "datetime64[us, UTC]"


def known_examples(
    spec: ModelSpec, lake: Lake, *, as_of: datetime, knowledge_time: datetime
) -> pd.DataFrame:
    """Return the examples predicted before `as_of`, with the labels known at `knowledge_time`.

    What a model trains on must have been known when its training data end. So an example from
    before the hold-out carries its label as known at the hold-out's beginning, if it had one by
    then; a correction that came later does not reach it.

    Parameters
    ----------
    as_of : datetime
        Rows that became known later are left out. Without time, all rows known by then are
        examples.
    knowledge_time : datetime
        Labels that became known later are left out.

    Returns
    -------
    DataFrame
        One row per example, ordered by prediction time and key:

        - the key columns of the examples table;
        - ``event_time`` and ``prediction_time`` (UTC; NaT without time);
        - ``block``: local calendar day of the prediction, as ``YYYY-MM-DD``; without time, a
          digest of the key, or of ``split.group_by``;
        - ``label``: float, 0 or 1 if the task is binary; of the target's own type if it is
          multiclass; missing while unknown;
        - ``label_time``: when that label became known (UTC; NaT while unknown or without time).

    Raises
    ------
    DataError
        If the lake holds no such table yet, or a binary target is neither 0 nor 1.

    See Also
    --------
    Versions.standing_when_predicted : Which version of a row the example is.
    """
    examples = _examples(spec, lake, known_by=as_of)
    if spec.time is not None:
        examples = examples[examples["prediction_time"] < pd.Timestamp(as_of)]
    examples = examples.reset_index(drop=True)
    labels = _labels(spec, lake, known_by=knowledge_time)
    examples = _labelled(spec, examples, labels, microsecond(knowledge_time))
    if spec.time is None:
        return examples
    days = holdout_blocks(spec, examples, as_of=as_of, knowledge_time=knowledge_time)
    if not days:
        return examples
    cutoff = pd.Timestamp(start_of_day(spec, datetime.fromisoformat(days[0]).date()))
    before = (examples["prediction_time"] < cutoff).to_numpy()
    earlier = _labelled(spec, examples, labels, microsecond(cutoff.to_pydatetime()))
    superseded = before & earlier["label"].notna().to_numpy()
    newest = {name: examples[name].mask(superseded, earlier[name]) for name in _LABEL}
    return examples.assign(**newest)


def interval_examples(
    spec: ModelSpec,
    lake: Lake,
    *,
    start: datetime,
    end: datetime,
    known_by: datetime | None = None,
) -> pd.DataFrame:
    """Return the examples predicted in ``[start, end)``, without labels.

    As known at `end`, unless `known_by` says later. Columns as in `known_examples`, but ``label``
    and ``label_time``. Without time, all examples known by then.
    """
    examples = _examples(spec, lake, known_by=known_by or end)
    if spec.time is not None:
        predicted = examples["prediction_time"]
        examples = examples[(predicted >= pd.Timestamp(start)) & (predicted < pd.Timestamp(end))]
    return examples.reset_index(drop=True)


def labelled_examples(
    spec: ModelSpec, lake: Lake, *, start: datetime, end: datetime, knowledge_time: datetime
) -> pd.DataFrame:
    """Return the examples predicted in ``[start, end)``, with labels known at `knowledge_time`.

    Columns as in `known_examples`. Unlike there, every label is the one that stood at
    `knowledge_time`: these examples judge, and nothing is learnt from them.
    """
    examples = interval_examples(spec, lake, start=start, end=end)
    labels = _labels(spec, lake, known_by=knowledge_time)
    return _labelled(spec, examples, labels, microsecond(knowledge_time))


def feature_view(
    spec: ModelSpec, lake: Lake, *, as_of: datetime, event_from: datetime | None = None
) -> AsOfView:
    """Open the view that features are made from: every table as known by `as_of`.

    With `event_from`, events before it are not even read: quicker, for features that need no
    longer memory.
    """
    tables = {
        name: (
            table,
            lake.history(spec.model, name, table, known_by=as_of, event_from=event_from),
        )
        for name, table in spec.data.tables.items()
    }
    return AsOfView(tables, as_of=as_of)


def examples_among(spec: ModelSpec, versions: Versions, *, known_by: datetime) -> pd.DataFrame:
    """Return the examples among the versions of the examples table, without labels.

    Columns as in `known_examples`, but ``label`` and ``label_time``; and ``known_at``, since when
    the row was known that the example's prediction is made from.
    """
    table = spec.data.tables[spec.data.examples_table]
    if spec.time is None:
        chosen = versions.standing(microsecond(known_by))
    else:
        chosen = versions.standing_when_predicted(spec.time.lead)
        chosen = chosen[versions.frame["_event_time"].notna().to_numpy()[chosen]]
    rows = versions.frame.take(chosen).reset_index(drop=True)
    examples = rows[list(table.key)].copy()
    if spec.time is None:
        examples["event_time"] = pd.Series(pd.NaT, index=rows.index, dtype=_TIME)
        examples["prediction_time"] = examples["event_time"]
        examples["block"] = stable_digests(rows[_block_columns(spec, rows)])
    else:
        examples["event_time"] = rows["_event_time"].astype(_TIME)
        examples["prediction_time"] = examples["event_time"] - spec.time.lead
        examples["block"] = _local_days(examples["prediction_time"], spec.time.timezone)
    examples["known_at"] = rows["_known_at"].astype(_TIME)
    return examples.sort_values(["prediction_time", *table.key], ignore_index=True)


def target_values(spec: ModelSpec, target: pd.Series) -> pd.Series:
    """Return the target's column as labels: 0.0 and 1.0 if the task is binary.

    Raises
    ------
    DataError
        If a binary target is neither 0 nor 1, or a target that should be numbers is none.
    """
    if spec.task == "multiclass":
        return target
    if spec.data.positive is not None:
        return two_classes(target, spec.data.positive, name=spec.data.target)
    name = f"{spec.data.target_table}.{spec.data.target_column}"
    if not pd.api.types.is_numeric_dtype(target.dtype):
        remedy = (
            "say in data.positive which value is the one to predict"
            if spec.task == "binary"
            else "convert it in the source"
        )
        raise DataError(
            f"the target {name} is {target.dtype}, expected numbers or booleans for the task "
            f"{spec.task}; {remedy}"
        )
    values = pd.Series(target.to_numpy(dtype=np.float64, na_value=np.nan))
    if spec.task == "binary" and not (values.isna() | values.isin([0.0, 1.0])).all():
        other = values[~values.isin([0.0, 1.0]) & values.notna()].iloc[0]
        raise DataError(
            f"the target {name} holds {other:g}, expected 0 and 1 (or false and true) for the "
            "task binary; say in data.positive which of two values is the one to predict, or set "
            "task to multiclass or regression"
        )
    return values


def refuse_another_key(spec: ModelSpec, labels: Versions, examples: pd.DataFrame) -> None:
    """Raise DataError if the table of the labels has another key than the examples."""
    missing = [column for column in labels.key if column not in examples.columns]
    if missing:
        raise DataError(
            f"the key of table {spec.data.target_table!r}, which holds the target, has the column "
            f"{missing[0]!r}, but the key of {spec.data.examples_table!r} has not; both need the "
            "same key columns"
        )


def _examples(spec: ModelSpec, lake: Lake, *, known_by: datetime) -> pd.DataFrame:
    name = spec.data.examples_table
    table = spec.data.tables[name]

    def make() -> pd.DataFrame:
        versions = lake.versions(spec.model, name, table, known_by=known_by)
        return examples_among(spec, versions, known_by=known_by).drop(columns="known_at")

    return lake.made_once(("examples", spec.digest, known_by), make)


def _block_columns(spec: ModelSpec, rows: pd.DataFrame) -> list[str]:
    columns = list(spec.split.group_by or spec.data.tables[spec.data.examples_table].key)
    for name in columns:
        if name not in rows:
            near = difflib.get_close_matches(name, list(rows.columns), n=1)
            hint = f"; the nearest name is {near[0]!r}" if near else ""
            raise DataError(
                f"split.group_by names {name!r}, which is no column of "
                f"{spec.data.examples_table}{hint}; correct the spec"
            )
    return columns


def _local_days(times: pd.Series[pd.Timestamp], zone: str) -> pd.Series[str]:
    midnights = times.dt.tz_convert(zone).dt.tz_localize(None).dt.floor("D")
    codes, days = pd.factorize(midnights)
    names = pd.Series(pd.DatetimeIndex(days).strftime("%Y-%m-%d"), dtype="str")
    return names.take(codes).set_axis(times.index)


def _labels(spec: ModelSpec, lake: Lake, *, known_by: datetime) -> Versions:
    name = spec.data.target_table
    table = spec.data.tables[name]
    return lake.versions(spec.model, name, table, known_by=known_by)


def _labelled(spec: ModelSpec, examples: pd.DataFrame, labels: Versions, at: int) -> pd.DataFrame:
    """Give each example the label that stood at one time."""
    refuse_another_key(spec, labels, examples)
    target = labels.frame[spec.data.target_column]
    found = labels.matching(labels.standing(at), examples)
    values = target_values(spec, target).reindex(found).set_axis(examples.index)
    times = labels.frame["_known_at"].astype(_TIME).reindex(found).set_axis(examples.index)
    if spec.time is None:
        times = pd.Series(pd.NaT, index=examples.index, dtype=_TIME)
    return examples.assign(label=values, label_time=times.where(values.notna()))
