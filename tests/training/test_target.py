"""Targets as the data have them."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.errors import TrainingError
from lamplighter.training.target import encode_target


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([True, False, True], (False, True)),
        ([1.0, 0.0, 1.0], (0.0, 1.0)),
        (np.array(["yes", "no", "yes"]), ("no", "yes")),
    ],
    ids=["bool", "float", "text"],
)
def test_the_second_class_in_order_is_the_positive_one(y, classes):
    target, codes = encode_target(y, "binary")
    assert target.classes == classes
    np.testing.assert_array_equal(codes, [1, 0, 1])


def test_classes_are_plain_python_values():
    target, _ = encode_target(np.array([3, 1, 2]), "multiclass")
    assert [type(label) for label in target.classes] == [int, int, int]


def test_a_single_class_cannot_be_learnt():
    with pytest.raises(TrainingError, match=r"needs two classes, found 1 \(0\) in 3 rows; widen"):
        encode_target([0, 0, 0], "binary")


def test_three_classes_are_no_binary_target():
    with pytest.raises(TrainingError, match=r"needs two classes, found 3 \(0, 1, 2\)"):
        encode_target([0, 1, 2], "binary")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_missing_targets_are_counted(task):
    with pytest.raises(TrainingError, match="1 of 3 targets are missing; train on known labels"):
        encode_target([0.0, 1.0, np.nan], task)


def test_infinite_targets_are_refused():
    with pytest.raises(TrainingError, match="the target holds infinite values"):
        encode_target([0.0, np.inf], "regression")
