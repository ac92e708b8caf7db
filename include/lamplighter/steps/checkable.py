"""What the gate's checks need of tonight's examples, and what they cannot work with."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.errors import DataError, SpecError
from lamplighter.evaluation.behaviour import Subject, judge_behaviour
from lamplighter.evaluation.groups import groups_of
from lamplighter.evaluation.metrics import COST, metric_named
from lamplighter.evaluation.ranking import Floats
from lamplighter.spec import ModelSpec
from lamplighter.spec.behaviour import Behaviour
from lamplighter.spec.checks import Slicing
from lamplighter.spec.gate import Gate
from lamplighter.steps.examples_frame import LABEL

_REHEARSED_ROWS = 500


def columns_to_check(
    spec: ModelSpec, examples: pd.DataFrame, view: AsOfView, features: pd.DataFrame
) -> pd.DataFrame:
    """Return the columns that the gate cuts by and that are no features, one row per example.

    They are what the examples table said when each example was predicted. What cannot be checked
    is refused here, before the night spends its budget.

    Raises
    ------
    DataError
        If a column or feature does not exist, or cannot be cut as the spec says; or if given rows
        do not fit the features.
    SpecError
        If the metric of the slices is none of the task, or a function may not be called.
    """
    gate = spec.gate
    if gate.slices is not None and gate.slices.metric not in (None, COST):
        _refuse_unknown_metric(str(gate.slices.metric), spec)
    if gate.behaviour is not None:
        _rehearse(gate.behaviour, spec, examples, features)
    named = {column: key for key, column, _ in cut_by(gate) if column not in features}
    found = _announced(spec, examples, view, named, list(features.columns))
    for key, column, slicing in cut_by(gate):
        values = features[column] if column in features else found[column]
        try:
            groups_of(column, slicing, values, values)
        except DataError as error:
            raise DataError(f"{key}: {error}") from None
    return found


def cut_by(gate: Gate) -> Iterator[tuple[str, str, Slicing]]:
    """Yield the spec's key, the column and how it is cut, for every column of a check."""
    for name, section in (("slices", gate.slices), ("fairness", gate.fairness)):
        for column, slicing in (section.by if section else {}).items():
            yield f"gate.{name}.by.{column}", column, slicing


def _refuse_unknown_metric(name: str, spec: ModelSpec) -> None:
    try:
        metric_named(name, spec.task)
    except SpecError as error:
        raise SpecError(f"gate.slices.metric: {error}") from None


def _rehearse(
    rule: Behaviour, spec: ModelSpec, examples: pd.DataFrame, features: pd.DataFrame
) -> None:
    """Make the tests of behaviour on a model that predicts 0, to see that they can be made."""
    classes = (
        sorted(examples[LABEL].dropna().unique().tolist()) if spec.task == "multiclass" else []
    )

    def nothing(rows: pd.DataFrame) -> Floats:
        return np.zeros((len(rows), len(classes)) if classes else len(rows))

    rows = features.head(_REHEARSED_ROWS).reset_index(drop=True)
    judge_behaviour(rule, Subject(nothing, rows, [""] * len(rows), classes))


def _announced(
    spec: ModelSpec,
    examples: pd.DataFrame,
    view: AsOfView,
    named: dict[str, str],
    features: list[str],
) -> pd.DataFrame:
    if not named:
        return pd.DataFrame(index=examples.index)
    table = spec.data.examples_table
    hidden = {spec.data.tables[table].deleted}
    if spec.data.target_table == table:
        hidden.add(spec.data.target_column)
    known = [column for column in view.columns(table) if column not in hidden]
    for column, key in named.items():
        if column not in known:
            near = difflib.get_close_matches(column, [*features, *known], n=1)
            hint = f"; the nearest name is {near[0]!r}" if near else ""
            raise DataError(
                f"{key} names {column!r}, which is neither a feature nor a column of {table}"
                f"{hint}; correct the spec"
            )
    lead = None if spec.time is None else spec.time.lead
    return view.announced(table, examples, columns=list(named), lead=lead)
