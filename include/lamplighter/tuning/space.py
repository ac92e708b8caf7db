"""Our search spaces in hyperopt's words, and stored trials as hyperopt's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hyperopt
import numpy as np
from hyperopt import hp

from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.space import Choice, Dimension
from lamplighter.training.trial import TrialRecord

_ALGORITHM = "algorithm"


def to_hyperopt(algorithms: Sequence[str]) -> Any:
    """Return one space over several algorithms; labels are ``<algorithm>.<parameter>``."""
    return hp.choice(
        _ALGORITHM,
        [
            {
                "algorithm": name,
                "params": {
                    parameter: _translate(f"{name}.{parameter}", dimension)
                    for parameter, dimension in ALGORITHMS[name].space.items()
                },
            }
            for name in algorithms
        ],
    )


def from_point(point: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the algorithm and its parameters, plain Python values, of a sampled point."""
    name = point["algorithm"]
    space = ALGORITHMS[name].space
    return name, {
        parameter: _plain(value, space[parameter]) for parameter, value in point["params"].items()
    }


def past_trials(trials: Sequence[TrialRecord], algorithms: Sequence[str]) -> hyperopt.Trials:
    """Rebuild what hyperopt would remember of stored trials; a failed one is infinitely bad."""
    return hyperopt.trials_from_docs(
        [_document(trial, algorithms) for trial in trials if trial.algorithm in algorithms],
        validate=False,
    )


def _translate(label: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return hp.choice(label, list(dimension.options))
    low, high = dimension.low, dimension.high
    if dimension.log:
        low, high = float(np.log(low)), float(np.log(high))
        return (
            hp.qloguniform(label, low, high, 1)
            if dimension.whole
            else hp.loguniform(label, low, high)
        )
    return hp.quniform(label, low, high, 1) if dimension.whole else hp.uniform(label, low, high)


def _plain(value: Any, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        return value
    return round(float(value)) if dimension.whole else float(value)


def _document(trial: TrialRecord, algorithms: Sequence[str]) -> dict[str, Any]:
    values: dict[str, list[Any]] = {_ALGORITHM: [list(algorithms).index(trial.algorithm)]}
    for name in algorithms:
        for parameter, dimension in ALGORITHMS[name].space.items():
            tried = name == trial.algorithm
            value = _hyperopt_value(trial.params[parameter], dimension) if tried else None
            values[f"{name}.{parameter}"] = [value] if tried else []
    return {
        "state": hyperopt.JOB_STATE_DONE,
        "tid": trial.index,
        "spec": None,
        "result": {"status": hyperopt.STATUS_OK, "loss": float("inf")}
        if trial.loss is None
        else {"status": hyperopt.STATUS_OK, "loss": trial.loss},
        "misc": {
            "tid": trial.index,
            "cmd": ("domain_attachment", "FMinIter_Domain"),
            "workdir": None,
            "vals": values,
            "idxs": {label: [trial.index] * len(value) for label, value in values.items()},
        },
        "exp_key": None,
        "owner": None,
        "version": 0,
        "book_time": None,
        "refresh_time": None,
    }


def _hyperopt_value(value: Any, dimension: Dimension) -> Any:
    return dimension.options.index(value) if isinstance(dimension, Choice) else float(value)
