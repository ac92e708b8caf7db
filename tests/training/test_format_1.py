"""Predictors that an older release wrote: `format_1/` holds some, and what they predicted then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import ArtifactError, DataError
from lamplighter.training.predictor import Predictor

THEN = Path(__file__).parent / "format_1"
TASKS = ("binary", "multiclass", "regression")


def written_then(task: str) -> bytes:
    return (THEN / f"{task}.predictor").read_bytes()


def rows() -> pd.DataFrame:
    """Rows with gaps, levels that training never saw, and a number that is infinite."""
    return pd.read_parquet(THEN / "rows.parquet")


def predicted_then(task: str) -> np.ndarray:
    with np.load(THEN / "predictions.npz") as found:
        return np.asarray(found[task])


@pytest.mark.parametrize("task", TASKS)
def test_it_predicts_what_it_predicted_then(task: str) -> None:
    predictor = Predictor.from_bytes(written_then(task))
    np.testing.assert_allclose(predictor.predict(rows()), predicted_then(task), rtol=1e-9)


@pytest.mark.parametrize("task", TASKS)
def test_written_anew_it_is_of_todays_format_and_predicts_the_same(task: str) -> None:
    predictor = Predictor.from_bytes(written_then(task))
    written = predictor.to_bytes()
    assert written.startswith(b"lamplighter-predictor-2\n")
    again = Predictor.from_bytes(written)
    assert again.to_bytes() == written
    np.testing.assert_array_equal(again.predict(rows()), predictor.predict(rows()))


def test_it_says_of_itself_what_todays_predictors_say() -> None:
    predictor = Predictor.from_bytes(written_then("multiclass"))
    assert (predictor.task, predictor.classes) == ("multiclass", ("early", "late", "on time"))
    assert predictor.features == tuple(rows().columns)
    assert predictor.names == ("hist_gradient_boosting", "linear")
    assert (predictor.calibration, predictor.rule, predictor.intervals) == (None, None, None)
    assert set(predictor.decide(rows())) <= set(predictor.classes)
    assert sum(predictor.combiner.weights()) == pytest.approx(0.9313830451559794 + 0.712820537035)
    assert predictor.predict(rows().head(0)).shape == (0, 3)
    with pytest.raises(DataError, match="1 of 10 features are missing: wind"):
        predictor.predict(rows().drop(columns="wind"))


def test_one_that_is_cut_off_is_refused_in_one_sentence() -> None:
    with pytest.raises(ArtifactError, match="cannot be loaded with the libraries installed here"):
        Predictor.from_bytes(written_then("binary")[:-200])


def test_what_only_looks_like_one_is_refused() -> None:
    todays = Predictor.from_bytes(written_then("binary")).to_bytes()
    disguised = todays.replace(b"lamplighter-predictor-2\n", b"lamplighter-predictor-1\n")
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        Predictor.from_bytes(disguised)
