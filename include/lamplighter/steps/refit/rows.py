"""What a refit learns from: all rows whose labels are known, and the features of its version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd

from lamplighter.data.splits import Split, nothing_held_out
from lamplighter.errors import DataError, LedgerError
from lamplighter.steps.examples_frame import LABEL
from lamplighter.steps.night import Night
from lamplighter.steps.refit.configuration import Configuration, configuration_of
from lamplighter.training.predictor import Predictor


@dataclass(frozen=True)
class RefitRows:
    """The version that is fitted again, and what of the examples that takes."""

    configuration: Configuration
    model: Predictor

    @classmethod
    def of(cls, night: Night, version: str) -> Self:
        """Open a version.

        Raises
        ------
        LedgerError
            If there is no such version.
        TrainingError
            If it cannot be fitted again.
        """
        known = night.ledger.version(night.run.model, version)
        if known is None:
            raise LedgerError(f"{night.run.model} has no version {version} to be fitted again")
        configuration = configuration_of(night.stores, known)
        return cls(configuration, configuration.predictor(night.stores))

    @property
    def content(self) -> tuple[str, ...]:
        """What names the examples beside the snapshot: a search has others, of the same night."""
        return ("refit", self.configuration.version.artifact.digest)

    def split(self, night: Night, examples: pd.DataFrame) -> Split:
        """Hold nothing out. Rows of a class that the version does not know are left out."""
        split = nothing_held_out(night.spec, examples, as_of=night.run.as_of)
        if self.model.task == "regression":
            return split
        known = examples[LABEL].isin(self.model.classes).to_numpy()
        unknown = int((split.training & ~known).sum())
        if unknown:
            night.say(
                f"{unknown:,} rows are of a class that version "
                f"{self.configuration.version.version} does not know, and are left out: only a "
                "search learns a new class"
            )
        return replace(split, training=np.asarray(split.training & known))

    def features(self, training: pd.DataFrame) -> tuple[list[str], dict[str, str]]:
        """Return the features that the version reads, and why the others are dropped.

        Raises
        ------
        DataError
            If one of them is gone.
        """
        version, wanted = self.configuration.version.version, list(self.model.features)
        gone = [name for name in wanted if name not in training]
        if gone:
            raise DataError(
                f"version {version} cannot be fitted again: it needs the features "
                f"{', '.join(gone)}, which are gone; the next night searches"
            )
        others = [str(name) for name in training if name not in wanted]
        return wanted, {name: f"version {version} does not read it" for name in others}
