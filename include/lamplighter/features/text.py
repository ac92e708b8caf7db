"""Free text: weighted terms as sparse columns, and a dense summary of them for other members.

Terms are words, pairs of words and punctuation, hashed to a million places [1]_, of which the most
frequent are kept; so no vocabulary is built or stored. A term counts once a text, weighted by how
rare it is [2]_, to the power of 1.5 (which gave training reviews .002 more AUC than the plain
weight). The summary is a truncated singular value decomposition, known as latent semantic analysis
[3]_.

References
----------
.. [1] K. Weinberger et al., "Feature hashing for large scale multitask learning", ICML 2009.
.. [2] K. Spärck Jones, "A statistical interpretation of term specificity and its application in
   retrieval", Journal of Documentation 28, 1972.
.. [3] S. Deerwester et al., "Indexing by latent semantic analysis", Journal of the American Society
   for Information Science 41, 1990.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction import FeatureHasher
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from lamplighter.features.column import Floats

MOST_TERMS = 20_000
COMPONENTS = 64

_PLACES = 2**20
_TOKEN = re.compile(r"\w+|[^\w\s]")
_AT_ONCE = 10_000
"""Texts whose words are held in memory at once."""

_FEWEST_TEXTS = 2
_SUMMARISED = 20_000
"""Texts that are enough to find the components."""


@dataclass(frozen=True)
class TextColumn:
    """The terms that are kept of a column of texts, and their summary.

    Attributes
    ----------
    places : ndarray of int, shape (n_terms,)
        Where the kept terms are hashed to.
    rarity : ndarray of float, shape (n_terms,)
        Their weights.
    components : ndarray of float, shape (n_terms, n_components)
    """

    name: str
    places: NDArray[np.int32] = field(compare=False)
    rarity: NDArray[np.float32] = field(compare=False)
    components: NDArray[np.float32] = field(compare=False)

    @classmethod
    def learn(cls, column: pd.Series) -> tuple[Self, Floats, csr_matrix]:
        """Learn which terms matter, and return the columns of the training rows."""
        texts = _texts(column)
        counted = _counted(texts, np.arange(_PLACES))
        texts_with = np.bincount(counted.indices, minlength=_PLACES)
        places = _most_frequent(texts_with)
        rarity = (np.log((1 + len(column)) / (1 + texts_with[places])) + 1) ** 1.5
        terms = _weighted(counted[:, places], rarity)
        fitted = cls(
            name=sys.intern(str(column.name)),
            places=places.astype(np.int32),
            rarity=rarity.astype(np.float32),
            components=_components(terms),
        )
        return fitted, fitted._dense(texts, terms), terms

    @property
    def outputs(self) -> tuple[str, ...]:
        """The length of the text and the components."""
        count = self.components.shape[1]
        return (f"{self.name}: length", *(f"{self.name}: component {i + 1}" for i in range(count)))

    @property
    def categorical(self) -> tuple[bool, ...]:
        """All are numbers."""
        return tuple(False for _ in self.outputs)

    @property
    def terms(self) -> int:
        """How many terms are kept."""
        return len(self.places)

    def encode(self, column: pd.Series) -> tuple[Floats, csr_matrix]:
        """Return length and components, and the weighted terms; no text has none of them."""
        texts = _texts(column)
        terms = _weighted(_counted(texts, self.places), self.rarity)
        return self._dense(texts, terms), terms

    def _dense(self, texts: Sequence[str], terms: csr_matrix) -> Floats:
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        return np.hstack([lengths[:, None], terms @ self.components.astype(np.float64)])


def _texts(column: pd.Series) -> list[str]:
    known = column.astype(object)
    return ["" if missing else str(text) for text, missing in zip(known, known.isna(), strict=True)]


def _counted(texts: Sequence[str], places: NDArray[Any]) -> csr_matrix:
    """Return which texts have a term at which of these places, shape (n_texts, n_places)."""
    column_of = np.full(_PLACES, -1, dtype=np.int64)
    column_of[places] = np.arange(len(places))
    found = [
        _of_some(texts[start : start + _AT_ONCE], column_of) + start * len(places)
        for start in range(0, len(texts), _AT_ONCE)
    ]
    rows, columns = np.divmod(np.concatenate([np.zeros(0, np.int64), *found]), max(1, len(places)))
    ends = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))])
    shape = (len(texts), len(places))
    return csr_matrix((np.ones(len(rows)), columns.astype(np.int32), ends), shape=shape)


def _of_some(texts: Sequence[str], column_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return row x columns + column of each term that a text has, once and in order.

    A word or a pair is hashed once, however many texts have it: that, and not the texts, is what
    makes a term dear.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    found = [_TOKEN.findall(text.lower()) for text in texts]
    row = np.repeat(np.arange(len(texts)), [len(words) for words in found])
    word = np.fromiter(map(numbers.__getitem__, chain.from_iterable(found)), np.int64, len(row))
    words = list(numbers)
    follows = row[1:] == row[:-1]
    pair, pairs = pd.factorize((word[:-1] * len(words) + word[1:])[follows])
    first, second = (place.tolist() for place in np.divmod(pairs, max(1, len(words))))
    of_words = column_of[_hashed(words)]
    of_pairs = column_of[
        _hashed([f"{words[a]} {words[b]}" for a, b in zip(first, second, strict=True)])
    ]
    column = np.concatenate([of_words[word], of_pairs[pair]])
    rows = np.concatenate([row, row[1:][follows]])
    kept = column >= 0
    terms = np.sort(rows[kept] * (int(column_of.max(initial=-1)) + 1) + column[kept])
    return np.asarray(terms[np.append(True, terms[1:] != terms[:-1])[: len(terms)]])


def _hashed(terms: Sequence[str]) -> NDArray[np.int32]:
    """Return the place of each term (MurmurHash3)."""
    if not terms:
        return np.zeros(0, dtype=np.int32)
    hasher = FeatureHasher(_PLACES, input_type="string", alternate_sign=False)
    return np.asarray(hasher.transform([term] for term in terms).indices)


def _most_frequent(texts_with: NDArray[Any]) -> NDArray[np.intp]:
    """Return the places that are kept, in order: terms of two texts or more, if there are any."""
    enough = np.flatnonzero(texts_with >= min(_FEWEST_TEXTS, texts_with.max(initial=0)))
    enough = enough[texts_with[enough] > 0]
    by_frequency = np.lexsort((enough, -texts_with[enough]))
    return np.sort(enough[by_frequency[:MOST_TERMS]])


def _weighted(counted: csr_matrix, rarity: NDArray[Any]) -> csr_matrix:
    """Return the terms with their weights, each text of length 1."""
    weights = np.asarray(rarity, dtype=np.float32).astype(np.float64)[counted.indices]
    matrix = csr_matrix((weights, counted.indices, counted.indptr), shape=counted.shape)
    # scikit-learn refuses to scale nothing, as of texts of blanks only.
    return normalize(matrix, copy=False) if all(matrix.shape) else matrix


def _components(terms: csr_matrix) -> NDArray[np.float32]:
    count = min(COMPONENTS, terms.shape[0] - 1, terms.shape[1] - 1)
    if count < 1:
        return np.zeros((terms.shape[1], 0), dtype=np.float32)
    step = -(-terms.shape[0] // _SUMMARISED)
    # On one thread: sums in another order would give other bytes.
    with threadpool_limits(limits=1):
        _, _, V = randomized_svd(terms[::step], count, n_iter=2, random_state=0)
    return np.ascontiguousarray(V.T, dtype=np.float32)
