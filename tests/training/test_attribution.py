"""Contributions to an ensemble's scores: exact where they can be, and honest about the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.features.encode import FrameEncoder
from lamplighter.spec.explain import Explain
from lamplighter.spec.search import Ensemble
from lamplighter.training.attribution import Attribution, affordable_rows, attribute
from lamplighter.training.encoded_rows import EncodedRows
from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.explain import explanation_document, typical_places
from lamplighter.training.predictor import Predictor
from learnable import learnable, quick_trial, stored_predictions

TASKS = ("binary", "multiclass", "regression")
ROWS = np.arange(60)


def predictor(
    task: str, *algorithms: str, method: str = "stacking"
) -> tuple[Predictor, pd.DataFrame]:
    data = learnable(600, task=task)
    trials = [quick_trial(place, name) for place, name in enumerate(algorithms)]
    fitted = fit_ensemble(
        data,
        trials,
        predictions=stored_predictions(data, trials),
        settings=Ensemble(methods=(method,) if len(algorithms) > 1 else (), calibrate="none"),
        seed=0,
        threads=1,
    )
    return fitted.predictor, data.X


def attributed(model: Predictor, X: pd.DataFrame) -> Attribution:
    rows = EncodedRows.of(model, X)
    found = attribute(rows, ROWS, typical=typical_places(X))
    assert found is not None
    return found


def score(model: Predictor, predicted: np.ndarray) -> np.ndarray:
    if model.task == "regression":
        return predicted
    logs = np.log(predicted)
    if model.task == "binary":
        return logs - np.log(1 - predicted)
    return logs.max(axis=1) - logs.mean(axis=1)


@pytest.mark.parametrize("task", TASKS)
def test_a_boosters_contributions_sum_to_its_margin_less_what_it_expects(task: str) -> None:
    model, X = predictor(task, "xgboost")
    found = attributed(model, X)
    margin = score(model, model.predict(X.iloc[ROWS]))
    assert found.methods == {"xgboost": "tree_shap"}
    assert found.base + found.values.sum(axis=1) == pytest.approx(margin, abs=1e-4)
    assert np.abs(found.rest).max() < 1e-4
    if task != "multiclass":  # what is expected is the same for every row
        assert np.ptp(found.base) == pytest.approx(0, abs=1e-9)
        encoded = model.encoders[0].transform(X)
        raw = model.members[0].contributions(encoded, threads=1)  # type: ignore[attr-defined]
        assert found.base[0] == pytest.approx(raw[0, 0, -1], abs=1e-4)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "algorithms", [("xgboost", "linear"), ("hist_gradient_boosting", "xgboost")], ids=" and ".join
)
def test_a_stack_adds_up_the_margins_of_its_members_exactly(
    task: str, algorithms: tuple[str, ...]
) -> None:
    model, X = predictor(task, *algorithms)
    found = attributed(model, X)
    assert found.base + found.values.sum(axis=1) + found.rest == pytest.approx(found.score)
    assert found.score == pytest.approx(score(model, model.predict(X.iloc[ROWS])), abs=1e-4)
    assert found.explained == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("method", ["blending", "voting", "stacking_twice", "bagging"])
def test_what_is_not_linear_in_the_margins_is_told_as_the_rest(method: str) -> None:
    model, X = predictor("binary", "xgboost", "linear", method=method)
    found = attributed(model, X)
    assert found.base + found.values.sum(axis=1) + found.rest == pytest.approx(found.score)
    assert found.explained is not None
    assert 0.9 < found.explained <= 1


def test_a_feature_that_no_member_reads_contributes_nothing() -> None:
    model, X = predictor("regression", "xgboost", "linear")
    found = attributed(model, X)
    alone = attributed(model, X.assign(unread=1.0))
    assert alone.values == pytest.approx(found.values)


def test_larger_ensembles_are_explained_on_fewer_rows() -> None:
    one, _ = predictor("binary", "xgboost")
    two, _ = predictor("binary", "xgboost", "linear")
    assert affordable_rows(one) > affordable_rows(two) > 500


@pytest.mark.parametrize("task", TASKS)
def test_rows_with_exchanged_features_are_predicted_as_their_frame_would_be(task: str) -> None:
    model, X = predictor(task, "xgboost", "hist_gradient_boosting", "linear")
    rows = EncodedRows.of(model, X)
    order = np.random.default_rng(0).permutation(len(X))[:50]
    asked = np.arange(50)
    taken = {"dest": order, "delay": order[::-1]}
    lent = {name: X[name].iloc[places].to_numpy() for name, places in taken.items()}
    by_hand = model.predict(X.iloc[asked].assign(**lent))
    assert rows(asked, taken) == pytest.approx(by_hand, abs=1e-12)
    assert rows(asked, {}) == pytest.approx(model.predict(X.iloc[asked]), abs=1e-12)


def test_free_text_is_exchanged_with_its_terms() -> None:
    words = [f"the {a} of the {b} was very {c}" for a in "abcd" for b in "efgh" for c in "ijkl"]
    frame = pd.DataFrame({"said": words, "n": np.arange(64.0), "also": words[::-1]})
    encoder = FrameEncoder.fit(frame, types={"said": "text", "also": "text"})
    model = Predictor(None, (encoder,), (), (), (), None)  # type: ignore[arg-type]
    rows = EncodedRows(model, (encoder.transform(frame),), (), 1)
    order, asked = np.arange(64)[::-1], np.arange(64)
    found = rows.exchanged(0, asked, {"also": order})
    by_hand = encoder.transform(frame.assign(also=words))
    assert (found.values == by_hand.values).all()
    assert (found.sparse != by_hand.sparse).nnz == 0


def explained(model: Predictor, X: pd.DataFrame, y: np.ndarray, **asked) -> dict:  # type: ignore[no-untyped-def,type-arg]
    settings = Explain(**({"rows": 200, "repeats": 2, "features": 3} | asked.pop("settings", {})))
    return explanation_document(
        model, X, y, None, settings=settings, seed=0, confidence=0.95, threads=1,
        clock=asked.pop("clock", lambda: 0.0),
    )  # fmt: skip


def test_an_explanation_is_the_same_twice_and_says_what_was_drawn() -> None:
    model, X = predictor("binary", "xgboost", "linear")
    y = learnable(600).y.astype(float)
    found = explained(model, X, y)
    assert found == explained(model, X, y)
    assert (found["rows"], found["holdout_rows"]) == (200, 600)
    assert len(found["dependence"]) == 3
    assert [one["feature"] for one in found["dependence"]] == [
        one["feature"] for one in found["features"][:3]
    ]
    assert found["notes"] == []


def test_when_time_is_over_the_explanation_says_what_was_left_out() -> None:
    model, X = predictor("binary", "xgboost")
    y = learnable(600).y.astype(float)
    ticks = iter([0.0, 1.0, 1.0, *[100.0] * 1_000])
    found = explained(model, X, y, clock=lambda: next(ticks))
    assert found["notes"][0].startswith("explain.max_seconds was over before ")
    assert found["attribution"] is None
    assert found["dependence"] == []
    assert {one["contribution"] for one in found["features"]} == {None}
