"""The examples of a night as one frame: keys, times, label, part and features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from lamplighter.contracts import ExamplesRef
from lamplighter.steps.night import Night

PART = "_part"
BLOCK = "block"
LABEL = "label"
LABEL_TIME = "label_time"
PREFIX = "feature:"
JUDGED = "judged:"

_SHOWN_ROWS = 20_000
"""Rows that stand for all of them where nobody is judged by them."""


@dataclass(frozen=True)
class NightExamples:
    """Training and hold-out rows, with every feature and the ones that were kept."""

    training: pd.DataFrame
    holdout: pd.DataFrame
    kept: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, *, kept: tuple[str, ...]) -> Self:
        """Take a stored frame apart again."""
        training = frame[frame[PART] == "training"].reset_index(drop=True)
        holdout = frame[frame[PART] == "holdout"].reset_index(drop=True)
        return cls(training=training, holdout=holdout, kept=kept)

    @property
    def shown(self) -> pd.DataFrame:
        """The hold-out; of a refit, which has none, the newest rows that it was trained on."""
        if len(self.holdout):
            return self.holdout
        newest = self.training.sort_values("prediction_time", kind="stable").tail(_SHOWN_ROWS)
        return newest.reset_index(drop=True)

    def features(self, part: pd.DataFrame, names: tuple[str, ...] | None = None) -> pd.DataFrame:
        """Return the feature columns of one part under their own names."""
        return feature_columns(part, names)

    def labels(self, part: pd.DataFrame) -> np.ndarray:
        """Return the target of one part."""
        return part[LABEL].to_numpy()

    def column(self, part: pd.DataFrame, name: str) -> pd.Series:
        """Return a feature of one part, or a column that is only judged by."""
        return part[f"{PREFIX}{name}" if f"{PREFIX}{name}" in part else f"{JUDGED}{name}"]


def feature_columns(frame: pd.DataFrame, names: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Return the features of a stored frame under their own names; all of them unless named."""
    columns = [c for c in frame.columns if c.startswith(PREFIX)]
    found = frame[columns].rename(columns=lambda c: c.removeprefix(PREFIX))
    return found[list(names)] if names is not None else found


def join_features(
    examples: pd.DataFrame,
    features: pd.DataFrame,
    part: np.ndarray,
    judged: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put examples, their part and their features side by side; features carry a prefix.

    Columns that are only judged by carry another one, so nothing learns from them.
    """
    named = [features.rename(columns=lambda c: f"{PREFIX}{c}")]
    if judged is not None and judged.shape[1]:
        named.append(judged.rename(columns=lambda c: f"{JUDGED}{c}"))
    return pd.concat([examples.assign(**{PART: part}), *named], axis=1)


def read_examples(night: Night, ref: ExamplesRef) -> NightExamples:
    """Read the examples that `select_features` stored, checked by their digest."""
    return NightExamples.of(night.artifacts.read_frame(ref.artifact), kept=ref.features)
