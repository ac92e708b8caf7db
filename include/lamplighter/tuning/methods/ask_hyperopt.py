"""The one way to ask an algorithm of hyperopt for a point: without a state that it would keep."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import hyperopt

from lamplighter.training.space import Space
from lamplighter.tuning.history import Past
from lamplighter.tuning.space import from_hyperopt, to_hyperopt, to_trials


def ask_hyperopt(
    suggest: Callable[..., Any], space: Space, points: Sequence[Past], seed: int, **settings: Any
) -> dict[str, Any]:
    """Ask ``hyperopt.tpe.suggest``, or another such function, for a point of a space.

    hyperopt's memory is rebuilt from the past points at each call, and its random state comes from
    `seed`, so the answer depends on the arguments alone.
    """
    if not space:
        return {}
    translated = to_hyperopt(space)
    with warnings.catch_warnings():
        # hyperopt 0.3 sets the shape of arrays in place, which numpy 2.5 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        documents = suggest(
            [len(points)],
            hyperopt.Domain(_never_called, translated),
            to_trials(space, points),
            seed,
            **settings,
        )
    values = {label: found[0] for label, found in documents[0]["misc"]["vals"].items() if found}
    return from_hyperopt(space, hyperopt.space_eval(translated, values))


def _never_called(_: Any) -> float:
    raise AssertionError("hyperopt only suggests; trials are fitted elsewhere")
