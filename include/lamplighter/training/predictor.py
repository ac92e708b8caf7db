"""The predictor: the one artifact that is judged, stored, registered and released."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lamplighter.errors import ArtifactError
from lamplighter.features.encode import Encoded, FrameEncoder
from lamplighter.training.calibration import Calibration
from lamplighter.training.combine import Combiner
from lamplighter.training.equal_bytes import equal_bytes
from lamplighter.training.format_1 import read_format_1
from lamplighter.training.members.algorithm import Member
from lamplighter.training.quantiles import Intervals
from lamplighter.training.target import Floats, Target
from lamplighter.training.threshold import CostRule

_KIND = b"lamplighter-predictor-"
_FORMAT = _KIND + b"2\n"
_FORMAT_1 = _KIND + b"1\n"


@dataclass(frozen=True)
class Predictor:
    """Encoders, members and combiner: from a frame of raw features to predictions.

    Equal training gives equal bytes, in any process.

    Attributes
    ----------
    encoders : tuple of FrameEncoder
        Each different one once; members may have been fitted on different features.
    encoder_of : tuple of int
        The place of each member's encoder.
    calibration : Calibration or None
        What is done to the combined probabilities.
    rule : CostRule or None
        How a class is decided on, where the spec says what mistakes cost.
    intervals : Intervals or None
        Levels of the distribution around a value, where the spec asks for them.
    continued : str
        Name of the version whose members were continued on newer rows; empty for one that was
        trained afresh.
    """

    target: Target
    encoders: tuple[FrameEncoder, ...]
    members: tuple[Member, ...]
    encoder_of: tuple[int, ...]
    names: tuple[str, ...]
    combiner: Combiner
    calibration: Calibration | None = None
    rule: CostRule | None = None
    intervals: Intervals | None = None
    continued: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the raw features that `predict` needs."""
        return tuple(dict.fromkeys(name for encoder in self.encoders for name in encoder.names))

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
            return np.empty((0, len(self.target)) if self.task == "multiclass" else (0,))
        return self._of_encoded(self._encoded(X), threads=threads)

    def decide(self, X: pd.DataFrame, *, threads: int = 1) -> NDArray[np.object_]:
        """Return the class to act on for each row, as `decide_on` does from predictions."""
        return self.decide_on(self.predict(X, threads=threads))

    def decide_on(self, prediction: Floats) -> NDArray[np.object_]:
        """Return the class of least expected cost, or the likeliest where no costs are known.

        Raises
        ------
        ValueError
            For a regression: there is no class to decide on.
        """
        if self.task == "regression":
            raise ValueError("a regression predicts values; there is no class to decide on")
        if self.rule is not None:
            codes = self.rule.decide(prediction)
        elif prediction.ndim == 2:
            codes = prediction.argmax(axis=1)
        else:
            codes = (prediction >= 0.5).astype(np.intp)
        labels = np.empty(len(self.classes), dtype=object)
        labels[:] = self.classes
        return np.asarray(labels[codes], dtype=object)

    def predict_quantiles(self, X: pd.DataFrame, *, threads: int = 1) -> Floats:
        """Return the levels of `intervals` for each row, shape (n_rows, n_levels).

        Raises
        ------
        ValueError
            If the predictor was trained without `ensemble.quantiles`.
        """
        if self.intervals is None:
            raise ValueError(
                "the predictor has no quantiles; set ensemble.quantiles, such as [0.05, 0.95], and "
                "train anew"
            )
        if not len(X):
            return np.empty((0, len(self.intervals.levels)))
        encoded = self._encoded(X)
        return self.intervals.around(self._of_encoded(encoded, threads=threads), encoded[0])

    def _encoded(self, X: pd.DataFrame) -> list[Encoded]:
        return [encoder.transform(X) for encoder in self.encoders]

    def _of_encoded(self, encoded: list[Encoded], *, threads: int) -> Floats:
        with threadpool_limits(limits=threads):
            predictions = [
                member.predict(encoded[place], threads=threads)
                for member, place in zip(self.members, self.encoder_of, strict=True)
            ]
        return self.combine(predictions)

    def combine(self, predictions: Sequence[Floats]) -> Floats:
        """Return the prediction that follows from the members' ones, in their order."""
        combined = self.combiner.combine(predictions)
        return combined if self.calibration is None else self.calibration.apply(combined)

    def to_bytes(self) -> bytes:
        """Return the predictor as bytes."""
        return _FORMAT + equal_bytes(self)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Read a predictor back. Like any pickle: only from a store that you trust.

        One of format 1, which older releases wrote, becomes one of today's, and predicts what it
        predicted then.

        Raises
        ------
        ArtifactError
            If the bytes are not a predictor of a format that is known.
        """
        form = payload[: len(_FORMAT)]
        if form not in (_FORMAT, _FORMAT_1):
            raise ArtifactError(_unknown(form))
        try:
            restored = (
                cls(**read_format_1(payload[len(_FORMAT_1) :]))
                if form == _FORMAT_1
                else pickle.loads(payload[len(_FORMAT) :])
            )
        except Exception as error:  # whatever a library does with what an older one wrote
            raise ArtifactError(
                f"the predictor cannot be loaded with the libraries installed here "
                f"({type(error).__name__}: {error}); install those it was trained under, or train "
                "anew"
            ) from error
        if not isinstance(restored, cls):
            raise ArtifactError(f"found a {type(restored).__name__}, expected a predictor")
        return restored


def _unknown(form: bytes) -> str:
    if not form.startswith(_KIND):
        return (
            f"found bytes that begin with {form!r}, expected a predictor ({_FORMAT!r}); check "
            "which artifact was read"
        )
    number = form.removeprefix(_KIND).decode(errors="replace").strip()
    return (
        f"the predictor was written by another release of Lamplighter (format {number}, this one "
        "reads 1 and 2); install the release that wrote it, or train anew and promote the new "
        "version"
    )
