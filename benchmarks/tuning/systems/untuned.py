"""Good defaults without a search: XGBoost, histogram boosting, and a stack, as they come."""

from __future__ import annotations

from typing import Any

import pandas as pd
from benchmarks.tuning.prepared import Prepared
from benchmarks.tuning.systems.encoding import FrameEncoder
from benchmarks.tuning.systems.fitted import Fitted, pickled
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

VERSIONS = ("scikit-learn", "xgboost-cpu")


def fit(data: Prepared, *, variant: str, budget_s: float, seed: int, folder: object) -> Fitted:
    """Fit the defaults named by `variant`; the budget means nothing to them."""
    encoder = FrameEncoder().fit(data.train.X, seed=seed)
    X = encoder.transform(data.train.X)
    model = _MODELS[variant](data.classes, seed)
    model.fit(X, data.train.y)
    labels = tuple(int(c) for c in model.classes_) if data.classes else ()

    def predict(raw: pd.DataFrame) -> Any:
        encoded = encoder.transform(raw)
        return model.predict_proba(encoded) if data.classes else model.predict(encoded)

    return Fitted(predict, pickled((encoder, model)), labels, {})


def _xgboost(classes: int, seed: int) -> Any:
    made = XGBClassifier if classes else XGBRegressor
    return made(n_jobs=1, random_state=seed, enable_categorical=True)


def _hist_gradient_boosting(classes: int, seed: int) -> Any:
    made = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return made(random_state=seed, categorical_features="from_dtype")


def _stacking(classes: int, seed: int) -> Any:
    forest = RandomForestClassifier if classes else RandomForestRegressor
    linear = LogisticRegression(max_iter=1000) if classes else RidgeCV()
    members = [
        ("boosting", _hist_gradient_boosting(classes, seed)),
        ("forest", make_pipeline(_numbers(), forest(random_state=seed, n_jobs=1))),
        ("linear", make_pipeline(_numbers(), StandardScaler(), linear)),
    ]
    return (StackingClassifier if classes else StackingRegressor)(members)


def _numbers() -> Any:
    categories = make_column_selector(dtype_include="category")
    one_hot = OneHotEncoder(handle_unknown="ignore", min_frequency=10, sparse_output=False)
    return make_column_transformer(
        (one_hot, categories), remainder=SimpleImputer(strategy="median"), sparse_threshold=0
    )


_MODELS = {
    "xgboost": _xgboost,
    "hist_gradient_boosting": _hist_gradient_boosting,
    "stacking": _stacking,
}
