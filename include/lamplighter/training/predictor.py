"""The predictor: the one artifact that is judged, stored, registered and released."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lamplighter.errors import ArtifactError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.combine import Combiner
from lamplighter.training.members.algorithm import Member
from lamplighter.training.target import Floats, Target

_FORMAT = b"lamplighter-predictor-1\n"


@dataclass(frozen=True)
class Predictor:
    """Encoder, members and combiner: from a frame of raw features to predictions.

    Equal training gives equal bytes, in any process.
    """

    target: Target
    encoder: FrameEncoder
    members: tuple[Member, ...]
    names: tuple[str, ...]
    combiner: Combiner

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the raw features that `predict` needs."""
        return self.encoder.names

    @property
    def task(self) -> str:
        """What is predicted: binary, multiclass or regression."""
        return self.target.task

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes in the order of `predict`; a binary task's second one is the positive."""
        return self.target.classes

    def predict(self, X: pd.DataFrame, *, threads: int = 1) -> Floats:
        """Predict from raw features.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_columns)
            At least the `features`, in any order. Missing values and categories that were not seen
            in training are fine.
        threads : int, default 1
            Most threads to use.

        Returns
        -------
        ndarray of float
            Binary: probability of the positive class, shape (n_rows,). Multiclass: probabilities,
            shape (n_rows, n_classes). Regression: values, shape (n_rows,).

        Raises
        ------
        DataError
            If a feature is missing.
        """
        if not len(X):
            shape = (0, len(self.target)) if self.task == "multiclass" else (0,)
            return np.empty(shape)
        encoded = self.encoder.transform(X)
        with threadpool_limits(limits=threads):
            predictions = [member.predict(encoded, threads=threads) for member in self.members]
        return self.combiner.combine(predictions)

    def to_bytes(self) -> bytes:
        """Return the predictor as bytes."""
        return _FORMAT + pickle.dumps(self, protocol=5)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Read a predictor back. Like any pickle: only from a store that you trust.

        Raises
        ------
        ArtifactError
            If the bytes are not a predictor of this format.
        """
        if not payload.startswith(_FORMAT):
            raise ArtifactError(
                f"found bytes that begin with {payload[: len(_FORMAT)]!r}, expected a predictor "
                f"({_FORMAT!r}); check which artifact was read"
            )
        try:
            restored = pickle.loads(payload[len(_FORMAT) :])
        except Exception as error:  # whatever a library does with what an older one wrote
            raise ArtifactError(
                f"the predictor cannot be loaded with the libraries installed here "
                f"({type(error).__name__}: {error}); install those it was trained under, or train "
                "anew"
            ) from error
        if not isinstance(restored, cls):
            raise ArtifactError(f"found a {type(restored).__name__}, expected a predictor")
        return restored
