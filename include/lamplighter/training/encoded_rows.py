"""Rows encoded once, whose features can be taken from other rows: what explaining a model needs.

To ask what a model would say of a row with another row's hour needs no new encoding: every feature
is encoded by itself, so the other row's columns are there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.training.predictor import Predictor
from lamplighter.training.target import Floats

Places = NDArray[np.intp]


@dataclass(frozen=True)
class EncodedRows:
    """Rows as a predictor's members read them, and what each member says of them as they are.

    Members whose libraries take their threads from the process are held to `threads` by whoever
    asks, once for all questions: a limit costs more than a small prediction.
    """

    predictor: Predictor
    encoded: tuple[Encoded, ...]
    said: tuple[Floats, ...]
    threads: int

    @classmethod
    def of(cls, predictor: Predictor, frame: pd.DataFrame, *, threads: int = 1) -> Self:
        """Encode a frame of raw features, shape (n_rows, n_columns)."""
        encoded = tuple(encoder.transform(frame) for encoder in predictor.encoders)
        said = tuple(
            member.predict(encoded[place], threads=threads)
            for member, place in zip(predictor.members, predictor.encoder_of, strict=True)
        )
        return cls(predictor, encoded, said, threads)

    def __len__(self) -> int:
        return len(self.encoded[0])

    def __call__(self, rows: Places, taken: Mapping[str, Places]) -> Floats:
        """Predict rows, some of whose features are taken from others.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Which rows.
        taken : mapping of str to ndarray of int, shape (n,)
            For a feature: the rows that its values are taken from.

        Returns
        -------
        ndarray of float
            As `Predictor.predict`: shape (n,) or (n, n_classes).
        """
        encoded: dict[int, Encoded] = {}
        predictions = []
        for place, member in enumerate(self.predictor.members):
            encoder = self.predictor.encoder_of[place]
            if not any(name in taken for name in self.predictor.encoders[encoder].names):
                predictions.append(self.said[place][rows])
                continue
            if encoder not in encoded:
                encoded[encoder] = self.exchanged(encoder, rows, taken)
            predictions.append(member.predict(encoded[encoder], threads=self.threads))
        return self.predictor.combine(predictions)

    def exchanged(self, encoder: int, rows: Places, taken: Mapping[str, Places]) -> Encoded:
        """Return rows as one of the encoders made them, with some features of other rows."""
        source, whole = self.predictor.encoders[encoder], self.encoded[encoder]
        values = whole.values[rows]
        for column, start in source.placed():
            if column.name in taken:
                block = slice(start, start + len(column.outputs))
                values[:, block] = whole.values[taken[column.name], block]
        sparse = _exchanged_terms(source, whole, rows, taken)
        return replace(whole, values=values, sparse=sparse)


def _exchanged_terms(
    encoder: FrameEncoder, whole: Encoded, rows: Places, taken: Mapping[str, Places]
) -> csr_matrix | None:
    if whole.sparse is None:
        return None
    if not any(column.terms and column.name in taken for column in encoder.columns):
        return whole.sparse[rows]
    parts, start = [], 0
    for column in encoder.columns:
        if column.terms:
            block = whole.sparse[:, start : start + column.terms]
            parts.append(block[taken.get(column.name, rows)])
            start += column.terms
    return hstack(parts, format="csr")
