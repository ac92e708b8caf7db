"""Groups of rows: by values, by ranges of training, and what cannot be cut."""

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import DataError
from lamplighter.evaluation.groups import groups_of
from lamplighter.spec.checks import Slicing


def sizes(slicing, training, holdout=None):
    training = pd.Series(training)
    groups = groups_of("x", slicing, training, training if holdout is None else pd.Series(holdout))
    return {group.name: group.size for group in groups}


def test_values_of_training_and_hold_out_are_a_group_each_also_empty_ones():
    assert sizes(Slicing(), ["a", "b"], ["b", "c", "b"]) == {"a": 0, "b": 2, "c": 1}


def test_named_values_are_found_as_the_spec_writes_them():
    assert sizes(Slicing(values=(1, 3)), [1.0, 2.0, 1.0]) == {"1": 2, "3": 0}
    assert sizes(Slicing(values=(True,)), [True, False]) == {"True": 1}


def test_a_number_of_many_values_is_cut_at_the_quartiles_of_training():
    found = sizes(Slicing(), np.arange(100.0), [0.0, 24.0, 25.0, 99.0, 500.0])
    assert found == {
        "below 24.75": 2,
        "24.75 to below 49.5": 1,
        "49.5 to below 74.25": 0,
        "from 74.25": 2,
    }


def test_a_value_on_an_edge_belongs_to_the_slice_that_begins_there():
    found = sizes(Slicing(edges=(500, 1_000)), [499.9, 500.0, 1_000.0])
    assert found == {"below 500": 1, "500 to below 1000": 1, "from 1000": 1}


def test_rows_without_a_value_are_a_group_of_their_own():
    assert sizes(Slicing(edges=(1,)), [0.0, np.nan]) == {"below 1": 1, "from 1": 0, "no value": 1}
    assert sizes(Slicing(), ["a", None]) == {"a": 1, "no value": 1}


def test_beyond_twenty_values_the_rarer_ones_are_one_group():
    training = [f"v{number:02d}" for number in range(30) for _ in range(31 - number)]
    found = sizes(Slicing(), training, ["v00", "v29", "new"])
    assert (len(found), found["v00"], found["v19"], found["other"]) == (21, 1, 0, 2)


def test_every_row_is_in_one_group():
    values = pd.Series(np.random.default_rng(0).normal(size=1_000)).mask(lambda v: v > 2)
    for slicing in (Slicing(), Slicing(bins=7), Slicing(edges=(-1, 0.5))):
        groups = groups_of("x", slicing, values, values)
        assert (np.sum([group.rows for group in groups], axis=0) == 1).all()


@pytest.mark.parametrize("slicing", [Slicing(edges=(1, 2)), Slicing(bins=3)])
def test_text_has_no_edges(slicing):
    with pytest.raises(DataError, match=r"'x' holds str, and its (edges|bins) are for numbers"):
        sizes(slicing, ["a", "b"])


def test_bins_need_a_training_value():
    with pytest.raises(DataError, match="no value in the training rows"):
        sizes(Slicing(bins=3), [np.nan, np.nan])
