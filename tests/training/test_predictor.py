"""The predictor as an artifact."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.errors import ArtifactError, DataError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.predictor import Predictor
from learnable import QUICK, learnable, quick_trial, stored_predictions

TESTS = Path(__file__).parents[1]


def trained(task: str = "binary", *algorithms: str) -> Predictor:
    trials = [quick_trial(i, name) for i, name in enumerate(algorithms or QUICK)]
    data = learnable(task=task)
    return fit_ensemble(
        data, trials, predictions=stored_predictions(data, trials), seed=0, threads=1
    ).predictor


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_bytes_restore_the_same_predictions(task, algorithm):
    predictor = trained(task, algorithm)
    X = learnable(rows=300, seed=4).X
    restored = Predictor.from_bytes(predictor.to_bytes())
    np.testing.assert_array_equal(restored.predict(X), predictor.predict(X))
    assert restored.features == tuple(X.columns)


def test_where_the_strings_came_from_does_not_change_the_bytes():
    data = learnable(rows=300)
    shared = data.X.assign(carrier=data.X["dest"]).astype({"carrier": object, "dest": object})
    copied = shared.assign(carrier=[("x" + text)[1:] for text in shared["dest"]])
    digests = {
        pickle.dumps(FrameEncoder.fit(frame), protocol=5)
        for frame in (shared, copied, copied.astype({"carrier": "str", "dest": "category"}))
    }
    assert len(digests) == 1


def test_predicting_does_not_change_the_bytes():
    predictor = trained()
    before = predictor.to_bytes()
    predictor.predict(learnable(rows=10).X)
    assert predictor.to_bytes() == before


ACROSS_PROCESSES = """
import hashlib, pathlib, sys
from lamplighter.training.predictor import Predictor
loaded = [Predictor.from_bytes(pathlib.Path(path).read_bytes()) for path in sys.argv[1:]]
from test_predictor import trained
print(hashlib.sha256(trained().to_bytes()).hexdigest())
"""


def test_equal_training_gives_equal_bytes_in_other_processes_whatever_they_loaded(tmp_path):
    mine = trained().to_bytes()
    (tmp_path / "mine").write_bytes(mine)
    digests = {hashlib.sha256(mine).hexdigest()}
    for hash_seed, loaded in (("1", []), ("2", [str(tmp_path / "mine")])):
        done = subprocess.run(
            [sys.executable, "-c", ACROSS_PROCESSES, *loaded],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ
            | {
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS / "training")]),
            },
        )
        digests.add(done.stdout.strip())
    assert len(digests) == 1


def test_gaps_and_unseen_levels_are_predicted_and_columns_may_come_in_any_order():
    predictor = trained()
    X = learnable(rows=5).X
    odd = X.assign(carrier="new", delay=np.nan)[X.columns[::-1]]
    assert np.isfinite(predictor.predict(odd)).all()
    empty = pd.DataFrame({name: [None] for name in X.columns})
    assert np.isfinite(predictor.predict(empty)).all()


@pytest.mark.parametrize(("task", "shape"), [("binary", (0,)), ("multiclass", (0, 3))])
def test_no_rows_give_no_predictions(task, shape):
    assert trained(task, "linear").predict(learnable(rows=5).X.head(0)).shape == shape


def test_a_missing_feature_is_an_error_that_names_it():
    with pytest.raises(DataError, match="1 of 6 features are missing: wind"):
        trained("binary", "linear").predict(learnable(rows=5).X.drop(columns="wind"))


def test_bytes_of_something_else_are_refused():
    with pytest.raises(ArtifactError, match="found bytes that begin with b'PK', expected a pred"):
        Predictor.from_bytes(b"PK")


def test_a_predictor_of_another_release_is_refused_with_what_to_do():
    message = (
        r"another release of Lamplighter \(format 3, this one reads 1 and 2\); install the rel"
    )
    with pytest.raises(ArtifactError, match=message):
        Predictor.from_bytes(b"lamplighter-predictor-3\n\x80\x05")


def test_a_predictor_that_newer_libraries_cannot_load_is_refused_in_one_sentence():
    payload = trained("binary", "linear").to_bytes()
    for changed in (
        payload[:-20],
        payload.replace(b"lamplighter.training", b"lamplighter.trained_"),
    ):
        with pytest.raises(ArtifactError, match="cannot be loaded with the libraries installed"):
            Predictor.from_bytes(changed)
