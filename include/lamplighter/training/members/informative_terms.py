"""Weights of text terms by what they say of the classes, for members that read the terms."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from lamplighter.training.target import Floats, Target

_COUNT = 1.0
_POWER = 0.25
"""Softens the ratios. On 3,750 training reviews in five folds, twice, a quarter added .002 to .007
to the AUC of a logistic regression at each strength of its penalty, a half at most .002, and the
full ratio took .008 or more away."""


def weigh_terms(terms: csr_matrix, y: Floats, target: Target, weights: Floats | None) -> Floats:
    r"""Weigh terms by how much likelier they are in one class than in the others.

    With :math:`p_j` the share of term *j* among the terms of a class's texts and :math:`q_j` that
    among the others', one count added to each, the log-count ratio of naive Bayes is
    :math:`r_j = \log(p_j / q_j)` [1]_. A term's weight is :math:`|r_j|^{1/4}`, the mean over the
    classes taken before the power, in units of its root mean square.

    Parameters
    ----------
    terms : csr_matrix, shape (n_rows, n_terms)
        Of training rows.

    Returns
    -------
    ndarray of float, shape (n_terms,)
        All 1 in a regression, which has no classes.

    References
    ----------
    .. [1] S. Wang and C. D. Manning, "Baselines and bigrams: simple, good sentiment and topic
       classification", ACL 2012.
    """
    if target.task == "regression":
        return np.ones(terms.shape[1])
    counts = csr_matrix((np.ones(terms.nnz), terms.indices, terms.indptr), shape=terms.shape)
    w = np.ones(len(y)) if weights is None else weights / weights.mean()
    of_class = np.stack([counts.T @ (w * (y == label)) for label in range(len(target))])
    inside = of_class + _COUNT
    outside = of_class.sum(axis=0) - of_class + _COUNT
    shares = [part / part.sum(axis=1, keepdims=True) for part in (inside, outside)]
    ratios = np.abs(np.log(shares[0] / shares[1])).mean(axis=0)
    softened = ratios**_POWER
    unit = float(np.sqrt(np.mean(softened**2))) if len(softened) else 0.0
    return np.asarray(softened / unit if unit > 0 else np.ones(len(softened)))
