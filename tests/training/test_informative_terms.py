"""Weights of terms by what they say of the classes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.informative_terms import weigh_terms
from lamplighter.training.members.linear import LINEAR
from lamplighter.training.target import Target

BINARY = Target("binary", (0, 1))


def test_weights_agree_with_a_hand_calculation():
    terms = csr_matrix([[0.5, 0.5, 0.0], [0.9, 0.0, 0.0], [0.7, 0.0, 0.3]])
    y = np.array([1.0, 1.0, 0.0])
    # Texts that have a term, and one more: class 1 has (3, 2, 1) of 6, class 0 has (2, 1, 2) of 5.
    ratios = np.abs(np.log([(3 / 6) / (2 / 5), (2 / 6) / (1 / 5), (1 / 6) / (2 / 5)]))
    by_hand = ratios**0.25 / np.sqrt(np.mean(np.sqrt(ratios)))
    np.testing.assert_allclose(weigh_terms(terms, y, BINARY, None), by_hand)


def test_weights_of_rows_count_by_their_mean():
    rng = np.random.default_rng(0)
    terms = csr_matrix((rng.random((40, 12)) < 0.3).astype(float))
    y = (rng.random(40) < 0.5).astype(float)
    plain = weigh_terms(terms, y, BINARY, None)
    np.testing.assert_array_equal(weigh_terms(terms, y, BINARY, np.full(40, 7.0)), plain)


@pytest.mark.parametrize(
    ("target", "y"),
    [
        (Target("regression", ()), np.linspace(0, 1, 6)),
        (BINARY, np.tile([0.0, 1.0], 3)),
        (Target("multiclass", ("a", "b", "c", "d")), np.tile([0.0, 1.0, 2.0], 2)),
    ],
    ids=lambda case: getattr(case, "task", ""),
)
def test_terms_that_say_nothing_of_the_target_all_weigh_the_same(target, y):
    everywhere = csr_matrix(np.full((6, 3), 0.5))
    np.testing.assert_allclose(weigh_terms(everywhere, y, target, None), 1.0)
    assert weigh_terms(everywhere[:, :0], y, target, None).shape == (0,)


def test_a_linear_model_reads_the_weighed_terms_in_training_and_after():
    rng = np.random.default_rng(0)
    terms = csr_matrix((rng.random((60, 5)) < 0.3).astype(float))
    y = (rng.random(60) < 0.3 + 0.4 * terms.toarray()[:, 0]).astype(float)
    X = Encoded(np.zeros((60, 1)), np.array([False]), terms)
    fit = Fit(dict(LINEAR.starts[0]), BINARY, seed=0, threads=1)
    member = pickle.loads(pickle.dumps(LINEAR.fit(Rows(X, y), fit)))
    weighed = terms.toarray() * weigh_terms(terms, y, BINARY, None)
    by_hand = LogisticRegression(C=fit.params["C"], max_iter=200).fit(weighed, y)
    expected = by_hand.predict_proba(weighed)[:, 1]
    np.testing.assert_allclose(member.predict(X, threads=1), expected, atol=1e-3)


def test_a_member_that_was_pickled_before_there_were_weights_predicts_as_it_did():
    X = Encoded(np.zeros((8, 1)), np.array([False]), csr_matrix(np.eye(8)))
    fit = Fit(dict(LINEAR.starts[0]), BINARY, seed=0, threads=1)
    member = LINEAR.fit(Rows(X, np.tile([0.0, 1.0], 4)), fit)
    for old in (member, pickle.loads(pickle.dumps(member))):
        del old.__dict__["term_weights"]
        assert old.term_weights is None
        assert np.isfinite(old.predict(X, threads=1)).all()
