"""How columns are cut into bins, counted by day, and kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.monitoring.bins import CategoryBins, NumberBins, learn_bins
from lamplighter.monitoring.profile import Profile


def test_every_number_falls_in_the_bin_whose_edges_hold_it() -> None:
    random = np.random.default_rng(0)
    bins = NumberBins.learn(random.normal(size=5_000))
    values = np.concatenate([random.normal(size=300) * 2, bins.edges])
    edges = np.array([-np.inf, *bins.edges, np.inf])
    for value, place in zip(values, bins.places(pd.Series(values)), strict=True):
        if place == 0:
            assert value < bins.edges[0]
        elif place == 1:
            assert value == bins.edges[0]
        else:
            assert edges[place - 1] < value <= edges[place]


def test_coarse_bins_of_a_continuous_number_are_its_deciles() -> None:
    values = pd.Series(np.random.default_rng(0).normal(size=10_000))
    bins = learn_bins(values)
    counts = np.bincount(bins.places(values), minlength=bins.size)
    groups = bins.groups(counts)
    coarse = np.bincount(groups, counts)
    assert coarse[0] == coarse[-1] == coarse[-2] == 0
    assert coarse[1:-2] == pytest.approx([1_000] * 10, abs=1)


def test_a_number_of_few_values_has_a_bin_for_each() -> None:
    bins = learn_bins(pd.Series([0, 0, 0, 0, 1, 2] * 10))
    assert bins.edges == (0.0, 1.0, 2.0)
    groups = bins.groups([0, 40, 10, 10, 0, 0])
    assert bins.labels(groups) == ("below 0", "0", "1", "2", "above 2", "missing")


def test_a_column_without_any_value_can_be_counted() -> None:
    bins = learn_bins(pd.Series([np.nan, np.nan]))
    assert bins.places(pd.Series([np.nan, 1.0])).tolist() == [bins.size - 1, bins.size - 2]


def test_categories_are_frequent_rare_new_or_missing() -> None:
    levels = [f"L{number:02d}" for number in range(25) for _ in range(30 - number)]
    bins = CategoryBins.learn(pd.Series(levels))
    places = bins.places(pd.Series(["L00", "L19", "L20", "L24", "X", None]))
    assert places.tolist() == [0, 19, 20, 20, 21, 22]


def test_a_stored_profile_is_read_back_as_it_was() -> None:
    features = pd.DataFrame({"size": [1.5, 2.5, np.nan], "town": ["Bern", None, "Cork"]})
    profile = Profile.learn(features, ["b", "a", "b"])
    again = Profile.from_frame(profile.to_frame())
    assert again.days == ("a", "b")
    assert again.columns.keys() == profile.columns.keys()
    for name, column in profile.columns.items():
        assert again.columns[name].bins == column.bins
        assert (again.columns[name].counts == column.counts).all()
        assert (again.columns[name].sums == column.sums).all()
    assert profile.columns["size"].sums.tolist() == [2.5, 1.5]


def test_the_bins_of_a_reference_count_other_rows_and_name_new_categories() -> None:
    reference = Profile.learn(pd.DataFrame({"town": ["Bern", "Cork"] * 5}), None)
    now = reference.count(pd.DataFrame({"town": ["Oslo", "Oslo", "Bern", "Rome"]}), None)
    assert now.columns["town"].new == {"Oslo": 2, "Rome": 1}
    assert now.columns["town"].counts.tolist() == [[1, 0, 0, 3, 0]]
