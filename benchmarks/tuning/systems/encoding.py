"""How systems that read no text themselves get it: categories, and TF-IDF with SVD for prose."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from pandas.api import types
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

_MOST_LEVELS = 250  # histogram boosting allows 255
_WORDS_OF_PROSE = 4
_COMPONENTS = 100


class FrameEncoder:
    """Turns text columns into pandas categories, and prose into 100 columns of an SVD.

    Prose is a text column of more than four words on average. Levels beyond the 250 most frequent
    are missing values. Numbers stay as they are.
    """

    def fit(self, X: pd.DataFrame, *, seed: int) -> Self:
        """Learn levels and words from the training rows."""
        self.levels: dict[str, pd.CategoricalDtype] = {}
        self.prose: dict[str, tuple[TfidfVectorizer, TruncatedSVD | None]] = {}
        for name in X.columns:
            column = X[name]
            if types.is_numeric_dtype(column.dtype):
                continue
            text = column.dropna().astype("str")
            if len(text) and text.str.count(r"\s+").mean() >= _WORDS_OF_PROSE:
                self.prose[name] = _fit_words(text, seed)
            else:
                frequent = text.value_counts().index[:_MOST_LEVELS]
                self.levels[name] = pd.CategoricalDtype(sorted(frequent))
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return numbers and categories only."""
        plain = X.drop(columns=list(self.prose))
        plain = plain.assign(**{n: _levels(plain[n], d) for n, d in self.levels.items()})
        flags = plain.select_dtypes("bool").columns
        plain = plain.astype(dict.fromkeys(flags, "int64"))
        blocks = [plain]
        for name, (words, summary) in self.prose.items():
            found = words.transform(X[name].fillna("").astype("str"))
            dense = found.toarray() if summary is None else summary.transform(found)
            columns = [f"{name}_{i}" for i in range(dense.shape[1])]
            blocks.append(pd.DataFrame(dense.astype("float32"), index=X.index, columns=columns))
        return pd.concat(blocks, axis=1)


def _levels(column: pd.Series, dtype: pd.CategoricalDtype) -> pd.Series:
    text = column.astype("object").where(column.notna(), None)
    text = text.map(str, na_action="ignore")
    return text.where(text.isin(set(dtype.categories)), None).astype(dtype)


def _fit_words(text: pd.Series, seed: int) -> tuple[TfidfVectorizer, TruncatedSVD | None]:
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_features=20_000)
    found = words.fit_transform(text)
    if found.shape[1] <= _COMPONENTS:
        return words, None
    return words, TruncatedSVD(_COMPONENTS, random_state=seed).fit(found)


def hold_out_a_fifth(
    n: int, *, y: np.ndarray, ordered: bool, classes: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to fit on and the fifth to validate on: the last ones if rows are `ordered`."""
    from sklearn.model_selection import train_test_split

    rows = np.arange(n)
    if ordered:
        return rows[: int(n * 0.8)], rows[int(n * 0.8) :]
    stratify = y if classes and np.bincount(y).min() >= 2 else None
    fit, watch = train_test_split(rows, test_size=0.2, random_state=seed, stratify=stratify)
    return fit, watch
