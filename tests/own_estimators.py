"""Estimators as a user may bring them: good ones, and each kind of bad one."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Centroids(ClassifierMixin, BaseEstimator):
    """Classes by the distance to their means."""

    def __init__(self, sharpness: float = 1.0, power: int = 2, random_state=None, n_jobs=None):
        self.sharpness = sharpness
        self.power = power
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.classes_ = np.unique(y)
        self.means_ = np.stack(
            [np.average(X[y == c], axis=0, weights=weights[y == c]) for c in self.classes_]
        )
        self.weighted_ = sample_weight is not None
        return self

    def predict_proba(self, X):
        apart = (np.abs(X[:, None, :] - self.means_[None]) ** self.power).mean(axis=2)
        likely = np.exp(-self.sharpness * (apart - apart.min(axis=1, keepdims=True)))
        return likely / likely.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Mean(RegressorMixin, BaseEstimator):
    """The mean of the target."""

    def fit(self, X, y):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class NeedsArgument(BaseEstimator):
    def __init__(self, must):
        self.must = must


class NoProbabilities(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Raises(Centroids):
    def fit(self, X, y, sample_weight=None):
        raise RuntimeError("the licence server does not answer")


class WrongShape(Centroids):
    def predict_proba(self, X):
        return np.zeros((len(X), 7))


def scaled_logistic():
    return make_pipeline(StandardScaler(), LogisticRegression())


def not_an_estimator():
    return {"fit": 1}
