"""The search methods, one a file."""

from __future__ import annotations

from lamplighter.spec.search import Search
from lamplighter.tuning.methods.anneal import Annealing
from lamplighter.tuning.methods.gp import GaussianProcesses
from lamplighter.tuning.methods.grid import GridSearch
from lamplighter.tuning.methods.halving import SuccessiveHalving
from lamplighter.tuning.methods.method import Method, Spaces, Suggestion
from lamplighter.tuning.methods.random import RandomSearch
from lamplighter.tuning.methods.tpe import TreeParzen

__all__ = ["METHODS", "Method", "Spaces", "Suggestion", "method_of"]

METHODS: dict[str, Method] = {
    "grid": GridSearch(),
    "random": RandomSearch(),
    "tpe": TreeParzen(),
    "anneal": Annealing(),
    "gp": GaussianProcesses(),
    "halving": SuccessiveHalving(around=TreeParzen()),
}
"""Every method by the name that a spec uses, with its default settings."""


def method_of(search: Search) -> Method:
    """Return the method that a spec asks for, with the spec's settings."""
    methods: dict[str, Method] = METHODS | {"grid": GridSearch(values=search.grid_values)}
    if search.method != "halving":
        return methods[search.method]
    rule = search.halving
    return SuccessiveHalving(methods[rule.around], factor=rule.factor, rungs=rule.rungs)
