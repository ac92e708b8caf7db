"""Features of examples: by the spec's function, or the examples table's own columns."""

from __future__ import annotations

import difflib
from typing import Any

import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.data.callables import load_callable
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec

_NOT_FOR_FEATURES = ("block", "label", "label_time")


def build_features(spec: ModelSpec, examples: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    """Return the features of each example, from nothing that was not known at its prediction.

    The spec's function gets the examples with the columns of the examples table, as they were
    announced, without the label; and the view. Without a function, the columns of the examples
    table are the features, but its key, its times and the target. Training, scoring and
    evaluation all come here.

    Parameters
    ----------
    examples : DataFrame
        As `known_examples` or `interval_examples` return them; any part of the rows.
    view : AsOfView
        As `feature_view` returns it, as of the same time or later.

    Returns
    -------
    DataFrame, one row per example, with the examples' index
        Columns of numbers, booleans, dates or text.

    Raises
    ------
    DataError
        If the function returns something else.
    TimeTravelError
        If the function reads past an example's prediction time.
    """
    announced = _announced(spec, examples, view)
    if spec.features.function is None:
        features = announced
    else:
        known = examples.drop(columns=[c for c in _NOT_FOR_FEATURES if c in examples.columns])
        extra = announced[[c for c in announced.columns if c not in known.columns]]
        function = load_callable(spec.features.function)
        features = function(pd.concat([known, extra], axis=1), view.restricted_to(examples))
        _refuse_misshapen(features, examples, spec.features.function)
    _refuse_unknown_names(spec, {*features.columns, *view.columns(spec.data.examples_table)})
    features = features.drop(columns=[c for c in spec.features.drop if c in features.columns])
    _refuse_unusable(features, spec)
    return features


def _announced(spec: ModelSpec, examples: pd.DataFrame, view: AsOfView) -> pd.DataFrame:
    name = spec.data.examples_table
    table = spec.data.tables[name]
    hidden = {*table.key, table.deleted}
    if spec.data.target_table == name:
        hidden.add(spec.data.target_column)
    if spec.features.function is None:
        hidden |= {table.event_time, table.available_at}
    columns = [c for c in view.columns(name) if c not in hidden]
    lead = None if spec.time is None else spec.time.lead
    return view.announced(name, examples, columns=columns, lead=lead)


def _refuse_unknown_names(spec: ModelSpec, known: set[str]) -> None:
    # A misspelt name would leave in the model what was meant to stay out of it.
    said = spec.features
    named = {"drop": said.drop, "types": tuple(said.types)}
    if said.function is None:  # what a function returns may be missing now and then
        named["optional"] = said.optional
    for key, names in named.items():
        for name in names:
            if name in known or (key == "types" and name in said.optional):
                continue
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"; the nearest name is {close[0]!r}" if close else ""
            raise DataError(
                f"features.{key} names {name!r}, which is neither a feature nor a column of "
                f"{spec.data.examples_table}{hint}; correct the spec"
            )


def _refuse_misshapen(features: object, examples: pd.DataFrame, function: str) -> None:
    if not isinstance(features, pd.DataFrame):
        raise DataError(
            f"{function} returned a {type(features).__name__}, expected a DataFrame with a row "
            "per example"
        )
    if len(features) != len(examples):
        raise DataError(
            f"{function} returned {len(features)} rows for {len(examples)} examples; return one "
            "row per example"
        )
    if not features.index.equals(examples.index):
        raise DataError(
            f"{function} returned rows in another order or with another index than the examples; "
            "keep the examples' index"
        )


def _refuse_unusable(features: pd.DataFrame, spec: ModelSpec) -> None:
    where = spec.features.function or f"table {spec.data.examples_table!r}"
    unnamed = [c for c in features.columns if not isinstance(c, str)]
    if unnamed:
        raise DataError(f"{where} gives a feature the name {unnamed[0]!r}, expected text")
    if not features.columns.is_unique:
        twice = features.columns[features.columns.duplicated()][0]
        raise DataError(f"{where} gives two features the name {twice!r}; rename one")
    if features.shape[1] == 0:
        raise DataError(f"{where} gives no feature; at least one is needed")
    for column in features.columns:
        if not _usable(features[column].dtype):
            raise DataError(
                f"{where} gives the feature {column!r} the type {features[column].dtype}, expected "
                "numbers, booleans, dates or text; convert it, or name it in features.drop"
            )


def _usable(dtype: Any) -> bool:
    kinds = pd.api.types
    return bool(
        kinds.is_numeric_dtype(dtype)
        or kinds.is_datetime64_any_dtype(dtype)
        or kinds.is_string_dtype(dtype)
        or isinstance(dtype, pd.CategoricalDtype)
    )
