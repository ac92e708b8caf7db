"""Estimators of the user's own, with scikit-learn's interface, as members like any other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from lamplighter.errors import SpecError, TrainingError
from lamplighter.evaluation.metrics import Task
from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows, all_classes
from lamplighter.training.members.dense_design import DenseDesign, Matrix
from lamplighter.training.space import Space, names
from lamplighter.training.target import Floats, Target

_NEEDED = ("fit", "predict", "get_params", "set_params")


@dataclass(frozen=True)
class OwnMember:
    """A fitted estimator, and the dense matrix that it was fitted on."""

    name: str
    design: DenseDesign
    estimator: Any
    target: Target
    rounds: int | None = None

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        matrix = self.design.transform(X)
        with _kept_from_exiting(self.name):
            return self._predicted(matrix, rows=len(X))

    def _predicted(self, matrix: Matrix, *, rows: int) -> Floats:
        if self.target.task == "regression":
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64).reshape(rows)
        found = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        known = np.asarray(self.estimator.classes_)
        if found.shape != (rows, len(known)):
            raise TrainingError(
                f"{self.name}.predict_proba returned the shape {found.shape}, expected "
                f"{(rows, len(known))}: a row for each row, a column for each class"
            )
        return all_classes(found, known, self.target)


def own_algorithm(
    name: str,
    make: Callable[[], Any],
    *,
    space: Space,
    starts: tuple[Mapping[str, Any], ...],
    tasks: tuple[Task, ...],
) -> Algorithm:
    """Return an algorithm that fits a user's estimator.

    It is fitted on `DenseDesign`: numbers on one scale, a column for each frequent category, and
    nothing missing. Classes are numbered from 0. Row weights are handed on if `fit` takes
    `sample_weight`; `random_state` and `n_jobs`, wherever the estimator has them, are set.

    Parameters
    ----------
    make : callable
        Returns a new estimator; the class itself, or a function.
    space : Space
        Dimensions by the names that `set_params` knows.

    Raises
    ------
    SpecError
        If what `make` returns is no estimator for the tasks, or lacks a parameter of the space.
    """
    estimator = _made(make)
    _check(estimator, tasks)
    _check_parameters(estimator, space)

    def fit_own(train: Rows, fit: Fit) -> Member:
        with _kept_from_exiting(name):
            return _fit(name, clone(estimator), train, fit)

    return Algorithm(name=name, space=space, starts=starts, fit=fit_own, tasks=tasks, cost="medium")


def parameters(make: Callable[[], Any]) -> dict[str, Any]:
    """Return an estimator's parameters and their defaults, those of its parts included."""
    return dict(_made(make).get_params(deep=True))


@contextmanager
def _kept_from_exiting(name: str) -> Iterator[None]:
    """Turn a call of `sys.exit` into an error: it fails a trial, and never ends the night."""
    try:
        yield
    except SystemExit as exit_:
        raise TrainingError(
            f"{name} called sys.exit({exit_.code!r}); let it raise an exception instead"
        ) from exit_


def _made(make: Callable[[], Any]) -> Any:
    try:
        estimator = make()
    except (Exception, SystemExit) as error:  # whatever a user's code does
        raise SpecError(
            f"cannot be made without arguments ({type(error).__name__}: {error}); give every "
            "argument a default, or name a function that returns an estimator"
        ) from error
    missing = [method for method in _NEEDED if not callable(getattr(estimator, method, None))]
    if missing or inspect.isclass(estimator):
        kind = "a class" if inspect.isclass(estimator) else f"a {type(estimator).__name__}"
        lacking = f" without {', '.join(missing)}" if missing else ""
        raise SpecError(
            f"gives {kind}{lacking}, expected an estimator with scikit-learn's interface; derive "
            "it from sklearn.base.BaseEstimator and define fit and predict"
        )
    return estimator


def _check(estimator: Any, tasks: tuple[Task, ...]) -> None:
    classes = [task for task in tasks if task != "regression"]
    if classes and not callable(getattr(estimator, "predict_proba", None)):
        raise SpecError(
            f"a {type(estimator).__name__} has no predict_proba, which the task {classes[0]} needs"
            "; wrap it in sklearn.calibration.CalibratedClassifierCV, or name only tasks it can do"
        )


def _check_parameters(estimator: Any, space: Space) -> None:
    known = estimator.get_params(deep=True)
    for name in sorted(names(space)):
        if name not in known:
            raise SpecError(
                f"a {type(estimator).__name__} has no parameter {name!r}; it has "
                f"{', '.join(sorted(known)) or 'none'}"
            )


def _fit(name: str, estimator: Any, train: Rows, fit: Fit) -> OwnMember:
    estimator.set_params(**(_of_the_fit(estimator, fit) | dict(fit.params)))
    design = DenseDesign.fit(train.X, scale="spread")
    y = train.y if fit.target.task == "regression" else train.y.astype(np.intp)
    weighted = train.weights is not None and has_fit_parameter(estimator, "sample_weight")
    arguments = {"sample_weight": train.weights} if weighted else {}
    fitted = estimator.fit(design.transform(train.X), y, **arguments)
    return OwnMember(name, design, estimator if fitted is None else fitted, fit.target)


def _of_the_fit(estimator: Any, fit: Fit) -> dict[str, int]:
    """Return seed and threads under every name by which the estimator and its parts have them."""
    found: dict[str, int] = {}
    for name, value in sorted(estimator.get_params(deep=True).items()):
        last = name.rpartition("__")[2]
        if last == "random_state":
            found[name] = fit.seed
        elif last == "n_jobs" and (value is not None or fit.threads > 1):
            found[name] = fit.threads
    return found
