"""Partial dependence equals brute force, and follows a model that is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from lamplighter.evaluation.dependence import LEVELS, POINTS, Dependence, partial_dependence


def frame(rows: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": random.normal(size=rows).round(3),
            "few": random.integers(0, 3, rows).astype(float),
            "city": random.choice(["Bern", "Cork", "Lima"], rows, p=[0.5, 0.3, 0.2]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 90, rows), "D"),
            "many": [f"level {place % 40}" for place in range(rows)],
        }
    )


def monotone(X: pd.DataFrame) -> np.ndarray:
    z = 2 * X["x"] + X["few"] * (X["city"] == "Lima")
    return (1 / (1 + np.exp(-z))).to_numpy()


def of(name: str, X: pd.DataFrame, predict=monotone, rows: int = 200) -> Dependence:  # type: ignore[no-untyped-def]
    def exchanged(rows: np.ndarray, taken: Mapping[str, np.ndarray]) -> np.ndarray:
        lent = {name: X[name].to_numpy()[places] for name, places in taken.items()}
        return np.asarray(predict(X.iloc[rows].assign(**lent)))

    return partial_dependence(exchanged, X[name], np.arange(rows))


def test_dependence_on_a_rising_function_rises_and_equals_brute_force() -> None:
    X = frame()
    found = of("x", X)
    assert len(found.points) == POINTS
    means = [point.mean[0] for point in found.points]
    assert means == sorted(means)
    for point in found.points:
        brute = monotone(X.head(200).assign(x=point.at))
        assert point.mean[0] == pytest.approx(brute.mean())
    assert found.reach == pytest.approx(means[-1] - means[0])


def test_the_spread_is_that_of_the_rows_own_centred_curves() -> None:
    X = frame()
    found = of("x", X)
    curves = np.stack([monotone(X.head(200).assign(x=point.at)) for point in found.points])
    own = curves - curves.mean(axis=0) + curves.mean()
    assert [p.low[0] for p in found.points] == pytest.approx(np.quantile(own, 0.1, axis=1))
    assert [p.high[0] for p in found.points] == pytest.approx(np.quantile(own, 0.9, axis=1))


def test_rows_that_agree_have_no_spread() -> None:
    X = frame()
    found = of("x", X, lambda X: (X["x"] + 5 * X["few"]).to_numpy())
    for point in found.points:
        assert point.low[0] == pytest.approx(point.mean[0]) == pytest.approx(point.high[0])


def test_categories_come_by_frequency_and_times_in_their_order() -> None:
    X = frame()
    assert [point.at for point in of("city", X).points] == ["Bern", "Cork", "Lima"]
    assert len(of("many", X).points) == LEVELS
    days = [point.at for point in of("day", X).points]
    assert days == sorted(days)
    assert of("few", X).points[1].at == 1.0
    assert sum(point.share for point in of("x", X).points) == pytest.approx(1)


def test_what_is_missing_is_a_point_of_its_own_and_the_last() -> None:
    X = frame()
    X.loc[X.index % 4 == 0, "x"] = np.nan
    found = of("x", X, lambda X: X["x"].fillna(9).to_numpy())
    assert (found.points[-1].at, found.points[-1].mean[0]) == (None, 9.0)
    assert found.points[-1].share == pytest.approx(0.25)


def test_of_many_classes_those_that_move_are_kept() -> None:
    def classes(X: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-X["x"].to_numpy()))
        return np.stack([0.2 + 0 * p, 0.4 * p, 0.1 + 0 * p, 0.4 * (1 - p), 0.3 + 0 * p], axis=1)

    found = of("x", frame(), classes)
    assert set(found.classes) >= {1, 3}
    assert len(found.points[0].mean) == len(found.classes) == 3
