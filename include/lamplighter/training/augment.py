"""Augmentation: training rows are weighted or multiplied; rows of validation never come here.

Copies stand after the rows that they are copies of, and keep their targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from imblearn.over_sampling import RandomOverSampler
from numpy.typing import NDArray
from scipy.sparse import hstack, vstack

from lamplighter.errors import DataError
from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.features.number import NumberColumn
from lamplighter.features.text import TextColumn
from lamplighter.spec.features import Images
from lamplighter.training.images import TRANSFORMS, Transform
from lamplighter.training.members.algorithm import Rows

_MOST_COPIES = 4
_ENOUGH_ROWS = 20_000
_FEW_VALUES = 10


@dataclass(frozen=True)
class Augmented:
    """Training rows after augmentation.

    Attributes
    ----------
    rows : Rows
    balance : tuple of float
        How many times as much each class counts as before; empty where nothing was balanced.
    """

    rows: Rows
    balance: tuple[float, ...] = ()


def class_weights(rows: Rows, *, classes: int, strength: float) -> Augmented:
    """Let the rows of rare classes count more: at strength 1 all classes count the same.

    Examples
    --------
    >>> X = Encoded(np.zeros((4, 1)), np.zeros(1, dtype=bool))
    >>> class_weights(Rows(X, np.array([0.0, 0, 0, 1])), classes=2, strength=1).balance
    (0.6666666666666666, 2.0)
    """
    codes = rows.y.astype(np.intp)
    counts = np.bincount(codes, minlength=classes)
    present = counts > 0
    balance = np.ones(classes)
    balance[present] = (len(rows) / (present.sum() * counts[present])) ** strength
    weights = balance[codes] if rows.weights is None else rows.weights * balance[codes]
    return Augmented(replace(rows, weights=weights), tuple(balance.tolist()))


def oversample(rows: Rows, *, classes: int, strength: float, seed: int) -> Augmented:
    """Draw rows of rare classes again: at strength 1 until all classes have as many."""
    codes = rows.y.astype(np.intp)
    counts = np.bincount(codes, minlength=classes)
    wanted = {
        int(code): int(counts[code] + strength * (counts.max() - counts[code]))
        for code in np.flatnonzero(counts)
    }
    sampler = RandomOverSampler(sampling_strategy=wanted, random_state=seed)
    sampler.fit_resample(np.zeros((len(rows), 1)), codes)
    drawn = np.asarray(sampler.sample_indices_, dtype=np.intp)
    balance = [
        wanted[code] / int(counts[code]) if code in wanted else 1.0 for code in range(classes)
    ]
    return Augmented(replace(rows.take(drawn), made_of=drawn), tuple(balance))


def noise(rows: Rows, encoder: FrameEncoder, *, strength: float, seed: int) -> Augmented:
    """Add a copy of each row whose numbers have moved by tenths of their standard deviation.

    Numbers of few different values are counts or choices, and stay as they are.
    """
    rng = np.random.default_rng(seed)
    copies = rows.X.values.copy()
    for column, place in encoder.placed():
        if isinstance(column, NumberColumn):
            known = copies[:, place][~np.isnan(copies[:, place])]
            if np.unique(known).size > _FEW_VALUES:
                copies[:, place] += rng.normal(0, strength / 10 * known.std(), len(copies))
    return Augmented(_with_copies(rows, [replace(rows.X, values=copies)]))


def images(
    rows: Rows,
    encoder: FrameEncoder,
    *,
    shape: Images,
    transforms: Sequence[Transform],
    strength: float,
    seed: int,
) -> Augmented:
    """Add copies of each image, each changed by one of the transforms.

    Raises
    ------
    DataError
        If there are more or fewer columns than pixels.
    """
    places = pixel_places(encoder, shape)
    pixels = np.nan_to_num(rows.X.values[:, places]).reshape(-1, shape.height, shape.width)
    rng = np.random.default_rng(seed)
    copies = []
    for _ in range(min(_MOST_COPIES, max(1, _ENOUGH_ROWS // max(1, len(rows))))):
        changed = pixels.copy()
        drawn = rng.integers(len(transforms), size=len(rows))
        for number, name in enumerate(transforms):
            some = np.flatnonzero(drawn == number)
            changed[some] = TRANSFORMS[name](pixels[some], strength, rng)
        values = rows.X.values.copy()
        values[:, places] = changed.reshape(len(rows), -1)
        copies.append(replace(rows.X, values=values))
    return Augmented(_with_copies(rows, copies))


def words(
    rows: Rows, encoder: FrameEncoder, frame: pd.DataFrame, *, strength: float, seed: int
) -> Augmented:
    """Add a copy of each row without some words of its texts: `strength` fifths of them."""
    rng = np.random.default_rng(seed)
    values, texts = rows.X.values.copy(), []
    for column, place in encoder.placed():
        if isinstance(column, TextColumn):
            dense, terms = column.encode(_thinned(frame[column.name], strength / 5, rng))
            values[:, place : place + dense.shape[1]] = dense
            texts.append(terms)
    if not texts:
        return Augmented(rows)
    copies = replace(rows.X, values=values, sparse=hstack(texts, format="csr"))
    return Augmented(_with_copies(rows, [copies]))


def pixel_places(encoder: FrameEncoder, shape: Images) -> NDArray[np.intp]:
    """Return where the pixels stand in the encoded matrix, row by row from the top left.

    Raises
    ------
    DataError
        If there are more or fewer columns than pixels.
    """
    found = [
        place
        for column, place in encoder.placed()
        if column.name.startswith(shape.columns) and isinstance(column, NumberColumn)
    ]
    if len(found) != shape.height * shape.width:
        raise DataError(
            f"{len(found)} columns of numbers begin with {shape.columns!r}, expected "
            f"{shape.height} x {shape.width} = {shape.height * shape.width} pixels; correct "
            "features.images"
        )
    return np.array(found, dtype=np.intp)


def _thinned(texts: pd.Series, share: float, rng: np.random.Generator) -> pd.Series:
    def some(text: object) -> str:
        found = str(text).split()
        kept = rng.random(len(found)) >= share
        return " ".join(word for word, stays in zip(found, kept, strict=True) if stays)

    return texts.astype(object).map(some, na_action="ignore")


def _with_copies(rows: Rows, copies: Sequence[Encoded]) -> Rows:
    parts = [rows.X, *copies]
    sparse = None
    if rows.X.sparse is not None:
        sparse = vstack([part.sparse for part in parts], format="csr")
    values = np.concatenate([part.values for part in parts])
    weights = None if rows.weights is None else np.tile(rows.weights, len(parts))
    X = replace(rows.X, values=values, sparse=sparse)
    made_of = np.tile(np.arange(len(rows), dtype=np.intp), len(parts))
    return Rows(X, np.tile(rows.y, len(parts)), weights, made_of)
