"""Behavioural tests: what a model must not do, whatever its metrics say."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.contracts import Estimate
from lamplighter.data.callables import load_callable
from lamplighter.errors import DataError
from lamplighter.evaluation.check import Check
from lamplighter.evaluation.ranking import Bools, Floats
from lamplighter.evaluation.wording import count, figure
from lamplighter.spec.behaviour import Behaviour, Functionality, Invariance, Monotonicity

_KEY = "gate.behaviour"


@dataclass(frozen=True)
class Subject:
    """The candidate and the held-out rows it is tried on.

    Attributes
    ----------
    predict : callable
        From a frame of features to predictions, shape (n_rows,) or (n_rows, n_classes).
    rows : DataFrame
        Features of held-out rows.
    names : sequence of str
        What each row is called, for examples.
    classes : sequence
        The classes in the order of predictions; empty for regression.
    """

    predict: Callable[[pd.DataFrame], Floats]
    rows: pd.DataFrame
    names: Sequence[str]
    classes: Sequence[Any] = ()

    def head(self, most: int) -> Subject:
        """Return at most so many rows, evenly spread."""
        places = np.unique(
            np.linspace(0, len(self.rows) - 1, min(most, len(self.rows))).astype(int)
        )
        names = [self.names[place] for place in places]
        rows = self.rows.iloc[places].reset_index(drop=True)
        return Subject(self.predict, rows, names, self.classes)


def judge_behaviour(rule: Behaviour, subject: Subject) -> tuple[Check, ...]:
    """Try a candidate's behaviour on held-out and on given rows.

    The three kinds of test are those of Ribeiro and others [1]_. A test that finds no row to try
    is noted, and rejects nothing.

    Parameters
    ----------
    rule : Behaviour
        The spec's section.
    subject : Subject
        The candidate, and rows that it was not trained on.

    Raises
    ------
    DataError
        If a test names no feature, or a value that does not fit its feature.

    References
    ----------
    .. [1] M. T. Ribeiro, T. Wu, C. Guestrin and S. Singh, "Beyond Accuracy: Behavioral Testing of
       NLP Models with CheckList", ACL 2020.
    """
    refuse_unknown_features(rule, list(subject.rows.columns))
    tried = subject.head(rule.rows)
    return (
        *(_invariance(test, place, tried) for place, test in enumerate(rule.invariance)),
        *(_monotonicity(test, place, tried) for place, test in enumerate(rule.monotonicity)),
        *(_functionality(test, place, subject) for place, test in enumerate(rule.functionality)),
    )


def refuse_unknown_features(rule: Behaviour, features: Sequence[str]) -> None:
    """Raise a `DataError` for the first test of a feature that there is not."""
    named = {
        **{f"invariance.{n}.column": [t.column] for n, t in enumerate(rule.invariance)},
        **{f"monotonicity.{n}.column": [t.column] for n, t in enumerate(rule.monotonicity)},
        **{
            f"functionality.{n}.rows": list(given_rows(t, n).columns)
            for n, t in enumerate(rule.functionality)
        },
    }
    for key, columns in named.items():
        for column in columns:
            if column not in features:
                near = difflib.get_close_matches(str(column), features, n=1)
                hint = f"; the nearest name is {near[0]!r}" if near else ""
                raise DataError(
                    f"{_KEY}.{key} names {column!r}, which is no feature{hint}; correct the spec"
                )


def given_rows(test: Functionality, place: int) -> pd.DataFrame:
    """Return the rows of a test: those of the spec, or what its function returns.

    Raises
    ------
    SpecError
        If the function lies outside the allowed packages, or cannot be imported.
    DataError
        If it fails, or returns something other than a frame with rows.
    """
    if not isinstance(test.rows, str):
        return pd.DataFrame(list(test.rows))
    function = load_callable(test.rows)
    where = f"{_KEY}.functionality.{place}.rows: {test.rows}"
    try:
        found = function()
    except Exception as error:  # whatever a user's function does
        raise DataError(
            f"{where} failed ({type(error).__name__}: {error}); it is called without arguments"
        ) from error
    if not isinstance(found, pd.DataFrame) or not len(found):
        rows = " without rows" if isinstance(found, pd.DataFrame) else ""
        raise DataError(
            f"{where} returned a {type(found).__name__}{rows}, expected a DataFrame with a row at "
            "least"
        )
    return found.reset_index(drop=True)


def _invariance(test: Invariance, place: int, subject: Subject) -> Check:
    key = f"{_KEY}.invariance.{place}"
    for value in test.values:
        _with(subject.rows.head(1), test.column, value, key)
    own = subject.rows[test.column].map(_text)
    values = list(map(_text, test.values))
    chosen = own.isin(values).to_numpy()
    rows = subject.rows[chosen].reset_index(drop=True)
    about = f"{test.column} among {', '.join(values)}"
    if not len(rows):
        return _untried("invariance", about, f"no held-out row has one of these values ({key})")
    predicted = np.stack(
        [_scores(subject, _with(rows, test.column, value, key), None) for value in test.values],
        axis=1,
    )  # (n_rows, n_values, n_scores)
    apart = np.ptp(predicted, axis=1).max(axis=1)

    def example(row: int) -> str:
        column = int(np.ptp(predicted[row], axis=0).argmax())
        low, high = predicted[row, :, column].argmin(), predicted[row, :, column].argmax()
        return (
            f"{values[low]} gives {figure(predicted[row, low, column])}, {values[high]} "
            f"{figure(predicted[row, high, column])}, where {test.tolerance:g} apart is allowed"
        )

    names = [subject.names[int(place)] for place in np.flatnonzero(chosen)]
    return _judged("invariance", about, key, apart, test.tolerance, test.violations, names, example)


def _monotonicity(test: Monotonicity, place: int, subject: Subject) -> Check:
    key = f"{_KEY}.monotonicity.{place}"
    column = subject.rows[test.column]
    if not pd.api.types.is_numeric_dtype(column.dtype) or column.dtype == bool:
        raise DataError(
            f"{key}.column names {test.column!r}, which holds {column.dtype}; only a number can "
            "be increased"
        )
    known = column.notna().to_numpy()
    rows = subject.rows[known].reset_index(drop=True)
    about = f"{test.column} {test.by:+g}, prediction {test.prediction}"
    if not len(rows):
        return _untried("monotonicity", about, f"no held-out row has a value ({key})")
    moved = rows.assign(**{test.column: rows[test.column].astype(float) + test.by})
    before = _scores(subject, rows, test.of_class, key)[:, 0]
    after = _scores(subject, moved, test.of_class, key)[:, 0]
    wrong = before - after if test.prediction == "rises" else after - before

    def example(row: int) -> str:
        value = float(rows[test.column].iloc[row])
        return f"{value:g} gives {figure(before[row])}, {value + test.by:g} {figure(after[row])}"

    names = [subject.names[int(place)] for place in np.flatnonzero(known)]
    return _judged(
        "monotonicity", about, key, wrong, test.tolerance, test.violations, names, example
    )


def _functionality(test: Functionality, place: int, subject: Subject) -> Check:
    key = f"{_KEY}.functionality.{place}"
    given = given_rows(test, place)
    rows = pd.DataFrame({c: [_typical(subject.rows[c])] * len(given) for c in subject.rows})
    rows = rows.astype(subject.rows.dtypes.to_dict(), errors="ignore")
    for column in given:
        rows[column] = _fitting(given[column], subject.rows[column], str(column), key)
    predicted = _scores(subject, rows, test.of_class, key)[:, 0]
    above = -np.inf if test.above is None else test.above
    below = np.inf if test.below is None else test.below
    beyond = np.where((predicted > above) & (predicted < below), 0.0, 1.0)
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("above", test.above), ("below", test.below))
        if bound is not None
    ]

    def example(row: int) -> str:
        said = ", ".join(f"{name} {value}" for name, value in given.iloc[row].items())
        return f"{said} gives {figure(predicted[row])}, expected {' and '.join(bounds)}"

    names = [f"row {number}" for number in range(len(given))]
    return _judged(
        "minimum functionality", test.name, key, beyond, 0.0, test.violations, names, example
    )


def _judged(
    what: str,
    about: str,
    key: str,
    wrong_by: Floats,
    tolerance: float,
    violations: float,
    names: Sequence[str],
    example: Callable[[int], str],
) -> Check:
    broken: Bools = wrong_by > tolerance + 1e-12
    rows, share = len(broken), float(broken.mean())
    kept = share <= violations
    worst = int(np.argmax(wrong_by))
    sentence = (
        f"{what} of {about!r} is broken on {int(broken.sum()):,} of {count(rows, 'row')} "
        f"({share:.1%}), at most {violations:.1%} are allowed; for example {names[worst]}: "
        f"{example(worst)} ({key})"
    )
    estimate = Estimate(value=share, lower=share, upper=share)
    return Check(
        "behaviour", about, what, rows, estimate, violations, kept, "" if kept else sentence
    )


def _untried(what: str, about: str, why: str) -> Check:
    return Check("behaviour", about, what, 0, None, sentence=f"{what} of {about!r}: {why}")


def _scores(subject: Subject, rows: pd.DataFrame, of_class: object, key: str = "") -> Floats:
    """Return predictions, (n_rows, n_scores): one for two classes and values, or of one class."""
    predicted = np.asarray(subject.predict(rows), dtype=float)
    if predicted.ndim == 1:
        return predicted[:, None]
    if of_class is None and key:
        raise DataError(
            f"{key} does not say which class is meant; give of_class, one of "
            f"{', '.join(map(_text, subject.classes))}"
        )
    if of_class is None:
        return predicted
    names = list(map(_text, subject.classes))
    if _text(of_class) not in names:
        raise DataError(
            f"{key}.of_class is {_text(of_class)!r}, which is no class; choose from "
            f"{', '.join(names)}"
        )
    return predicted[:, [names.index(_text(of_class))]]


def _with(rows: pd.DataFrame, column: str, value: object, key: str) -> pd.DataFrame:
    values = pd.Series([value] * len(rows), index=rows.index, dtype=object)
    return rows.assign(**{column: _fitting(values, rows[column], column, key)})


def _fitting(values: pd.Series, like: pd.Series, column: str, key: str) -> pd.Series:
    """Return values in the type of a feature; a number may become one with decimals."""
    kinds = pd.api.types
    try:
        if kinds.is_bool_dtype(like.dtype):
            if not values.map(lambda v: isinstance(v, bool | np.bool_)).all():
                raise ValueError("not a boolean")
            return values.astype(like.dtype)
        if kinds.is_numeric_dtype(like.dtype):
            return pd.to_numeric(values).astype(float)
        if kinds.is_datetime64_any_dtype(like.dtype):
            return pd.to_datetime(values).astype(like.dtype)
        return values.map(_text).astype(str)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{key} gives {column!r} the value {values.iloc[0]!r}, and the feature holds "
            f"{like.dtype}; correct the spec"
        ) from error


def _typical(values: pd.Series) -> object:
    known = values.dropna()
    if not len(known):
        return None
    if pd.api.types.is_numeric_dtype(values.dtype) and values.dtype != bool:
        return known.median()
    return known.mode().iloc[0]


def _text(value: object) -> str:
    """Return a value as a spec writes it: a whole number as one."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
