"""Spaces in hyperopt's words, on the unit cube and on a grid, for any space there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.training.space import Branch, Choice, Range, is_conditional, lies_in
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.methods import METHODS
from lamplighter.tuning.methods.grid import grids
from lamplighter.tuning.space import draw, from_unit, size, to_unit


@st.composite
def ranges(draw_from):
    whole = draw_from(st.booleans())
    low = draw_from(st.integers(1, 20) if whole else st.floats(0.001, 20))
    width = draw_from(st.integers(1, 50) if whole else st.floats(0.01, 50))
    return Range(low, low + width, log=draw_from(st.booleans()), whole=whole)


def choices(below):
    options = st.lists(st.sampled_from("abcde"), min_size=1, max_size=3, unique=True)
    branches = st.dictionaries(st.sampled_from("uvw"), below, max_size=2)

    def make(values, spaces):
        made = [Branch(v, s) if s else v for v, s in zip(values, spaces, strict=False)]
        return Choice(tuple(made))

    return st.builds(make, options, st.lists(branches, min_size=3, max_size=3))


def spaces(depth: int = 2):
    dimensions = ranges()
    for _ in range(depth):
        dimensions = st.one_of(ranges(), choices(dimensions))
    whole = st.dictionaries(st.sampled_from("pqr"), dimensions, min_size=1, max_size=3)
    return whole.map(_named_by_their_path)


def _named_by_their_path(space, above: str = ""):
    """Name dimensions by what is above them: siblings may share a name, no point has one twice."""
    return {f"{above}{name}": _below(d, f"{above}{name}") for name, d in space.items()}


def _below(dimension, path: str):
    if isinstance(dimension, Range):
        return dimension
    return Choice(
        tuple(
            Branch(o.value, _named_by_their_path(o.space, f"{path}_"))
            if isinstance(o, Branch)
            else o
            for o in dimension.options
        )
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(space=spaces(), method=st.sampled_from(["tpe", "anneal", "gp", "grid", "random"]))
def test_whatever_the_space_every_method_suggests_points_of_it(space, method):
    if is_conditional(space) and not METHODS[method].handles_branches:
        return
    rng = np.random.default_rng(0)
    trials = [
        TrialRecord(i, "a", draw(space, rng), float(rng.random()), 1.0, "ok") for i in range(9)
    ]
    for index in range(9, 12):
        found = METHODS[method].suggest(index, seed=1, spaces={"a": space}, trials=trials)
        if found is None:
            assert method != "random"
            assert len({str(t.params) for t in trials}) >= min(size(space), 9) or method == "grid"
            return
        assert lies_in(space, found.params)
        loss = float(rng.random())
        trials.append(TrialRecord(index, "a", found.params, loss, 1.0, "ok"))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(space=spaces())
def test_a_drawn_point_lies_in_the_space(space):
    rng = np.random.default_rng(0)
    assert all(lies_in(space, draw(space, rng)) for _ in range(20))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(space=spaces())
def test_grids_hold_points_of_the_space_and_no_others(space):
    for grid in grids(space, 2):
        assert lies_in(space, {name: values[-1] for name, values in grid.items()})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(dimension=ranges(), share=st.floats(0, 1))
def test_the_place_on_the_unit_interval_and_back_is_the_same_number(dimension, share):
    value = from_unit(dimension, share)
    assert dimension.low <= value <= dimension.high
    assert from_unit(dimension, to_unit(dimension, value)) == pytest.approx(value)


def test_whole_numbers_are_drawn_evenly_ends_included():
    rng = np.random.default_rng(0)
    drawn = [draw({"n": Range(1, 4, whole=True)}, rng)["n"] for _ in range(4_000)]
    shares = [drawn.count(n) / 4_000 for n in (1, 2, 3, 4)]
    assert all(0.22 < share < 0.28 for share in shares)


def test_a_range_on_the_log_scale_is_drawn_evenly_in_its_logarithm():
    rng = np.random.default_rng(0)
    drawn = [draw({"rate": Range(0.001, 10, log=True)}, rng)["rate"] for _ in range(4_000)]
    assert np.median(drawn) == pytest.approx(0.1, rel=0.15)


def test_the_size_of_a_space_counts_every_branch():
    width = {"width": Range(1, 10, whole=True)}
    assert size({"layers": Choice((0, Branch(1, width))), "kind": Choice(("a", "b"))}) == 22
