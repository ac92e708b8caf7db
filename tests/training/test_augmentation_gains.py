"""What augmentation gains on real images, and what it costs where it does not fit them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from lamplighter.spec.features import Features, Images
from lamplighter.training.folds import task_loss
from lamplighter.training.members.algorithm import Fit
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.recipe import Recipe
from lamplighter.training.target import encode_target

FEATURES = Features(images=Images(columns="pixel_", height=8, width=8))


def out_of_fold_loss(algorithm: str, transform: str | None) -> float:
    X, labels = load_digits(return_X_y=True, as_frame=True)
    target, y = encode_target(labels, "multiclass")
    params = {"augment.method": "images", "augment.transform": transform} if transform else {}
    found = np.zeros((len(y), len(target)))
    for train, validation in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
        prepared = Recipe.of(params, FEATURES).prepare(
            X.iloc[train], y[train], target=target, seed=0, in_time_order=False
        )
        fit = Fit(params=ALGORITHMS[algorithm].defaults, target=target, seed=0, threads=1)
        member = prepared.finish(ALGORITHMS[algorithm].fit(prepared.rows, fit))
        rows = prepared.encoder.transform(X.iloc[validation])
        found[validation] = member.predict(rows, threads=1)
    return task_loss("multiclass", y, found)


@pytest.mark.long
@pytest.mark.parametrize(
    ("algorithm", "helps", "harms"),
    [("nearest_neighbours", "shift", "flip"), ("linear", "scale", "shift")],
)
def test_the_right_changes_of_digits_help_and_the_wrong_ones_harm(algorithm, helps, harms):
    plain = out_of_fold_loss(algorithm, None)
    assert out_of_fold_loss(algorithm, helps) < 0.9 * plain
    assert out_of_fold_loss(algorithm, harms) > plain
