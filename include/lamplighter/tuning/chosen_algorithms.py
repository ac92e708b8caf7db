"""The algorithms that a spec searches: those that ship and the user's own, with their spaces."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lamplighter.data.callables import load_callable
from lamplighter.errors import SpecError
from lamplighter.evaluation.metrics import Task
from lamplighter.spec import search as spec
from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.members.own_estimator import own_algorithm, parameters
from lamplighter.training.space import is_conditional, lies_in, names
from lamplighter.tuning.methods import method_of
from lamplighter.tuning.override import from_spec, moved_into, overridden
from lamplighter.tuning.try_out import refused_ends


@dataclass(frozen=True)
class Problem:
    """What is wrong with a spec's search: the key, and what to do."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


def chosen_algorithms(search: spec.Search, task: Task) -> dict[str, Algorithm]:
    """Return the algorithms that a spec searches, by name, each with the space it shall have.

    Parameters
    ----------
    search : Search
        The spec's section.
    task : {"binary", "multiclass", "regression"}
        The model's.

    Raises
    ------
    SpecError
        With everything that is wrong: an estimator that cannot be used, an unknown parameter, a
        range that the algorithm cannot have, a method that cannot search a space.
    """
    found, problems = _examine(search, task)
    if problems:
        raise SpecError("; ".join(map(str, problems)))
    return found


def problems_of(search: spec.Search, task: Task) -> list[Problem]:
    """Return what is wrong with a spec's search, without any data."""
    return _examine(search, task)[1]


def _examine(search: spec.Search, task: Task) -> tuple[dict[str, Algorithm], list[Problem]]:
    found: dict[str, Algorithm] = {}
    problems: list[Problem] = []
    for name in search.algorithms:
        algorithm = _algorithm(name, search, problems)
        if algorithm is not None:
            found[name] = _with_space(algorithm, search.space.get(name, {}), task, problems)
    for name, algorithm in found.items():
        if task not in algorithm.tasks:
            can = ", ".join(algorithm.tasks)
            message = f"{name} is for {can}, and the task is {task}; leave it out"
            problems.append(Problem("search.algorithms", message))
        if is_conditional(algorithm.space) and not method_of(search).handles_branches:
            problems.append(Problem("search.method", _no_branches(search, name)))
    return found, problems


def _algorithm(name: str, search: spec.Search, problems: list[Problem]) -> Algorithm | None:
    declared = search.estimators.get(name)
    if declared is None:
        return ALGORITHMS[name]
    try:
        return _own(name, declared)
    except SpecError as error:
        text = str(error)
        said = text if text.startswith(declared.python) else f"{declared.python} {text}"
        problems.append(Problem(f"search.estimators.{name}", said))
        return None


def _own(name: str, declared: spec.Estimator) -> Algorithm:
    make: Callable[[], Any] = load_callable(declared.python)
    space = {parameter: from_spec(given) for parameter, given in declared.space.items()}
    if declared.start and not lies_in(space, declared.start):
        raise SpecError(f"has the start {declared.start}, which does not lie in its space")
    start = declared.start or moved_into(space, parameters(make))
    return own_algorithm(name, make, space=space, starts=(start,), tasks=declared.tasks)


def _with_space(
    algorithm: Algorithm,
    given: Mapping[str, spec.Dimension],
    task: Task,
    problems: list[Problem],
) -> Algorithm:
    if not given:
        return algorithm
    key = f"search.space.{algorithm.name}"
    known = names(algorithm.space)
    for parameter in given:
        if parameter not in known:
            problems.append(Problem(f"{key}.{parameter}", _unknown(parameter, known)))
    errors: dict[str, str] = {}
    space = overridden(algorithm.space, given, errors)
    if not errors and task in algorithm.tasks:
        errors = refused_ends(algorithm, space, given, task)
    problems.extend(Problem(f"{key}.{name}", message) for name, message in errors.items())
    moved = [moved_into(space, start) for start in algorithm.starts]
    distinct = {json.dumps(start, sort_keys=True): start for start in moved}
    return replace(algorithm, space=space, starts=tuple(distinct.values()))


def _unknown(parameter: str, known: set[str]) -> str:
    near = difflib.get_close_matches(parameter, sorted(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"choose from {', '.join(sorted(known))}"
    return f"unknown parameter; {hint}"


def _no_branches(search: spec.Search, name: str) -> str:
    around = f" around {search.halving.around}" if search.method == "halving" else ""
    return (
        f"{search.method}{around} cannot search the space of {name}, in which some parameters "
        "exist only beside others; choose grid, random, tpe or anneal, leave the algorithm out, "
        f"or fix what the others depend on in search.space.{name}"
    )
