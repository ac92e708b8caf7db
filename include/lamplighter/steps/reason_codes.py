"""Reason codes of predictions: the features that moved each score most, as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from lamplighter.errors import ArtifactError
from lamplighter.ledger import Release
from lamplighter.steps.measure_drift import stored_reference
from lamplighter.steps.night import Night
from lamplighter.training.contributions import Contributions, contributions
from lamplighter.training.scorer import Scorer

_DECIMALS = 6


@dataclass(frozen=True)
class Explainer:
    """Names, for each row, the features that moved its score most from that of a typical row."""

    scorer: Scorer
    typical: pd.DataFrame
    most: int
    threads: int

    def __call__(self, features: pd.DataFrame) -> list[str]:
        """Return a JSON document for each row.

        ``base`` is the score of a typical row; ``reasons`` a list of ``feature``, ``value`` and
        ``contribution``, the largest first; ``rest`` what the other features contributed. The sum
        of all is the row's score.
        """
        if not len(features):
            return []
        found = contributions(self.scorer, features, self.typical, threads=self.threads)
        # By size, and by the model's order where two are equal.
        order = np.argsort(-np.abs(found.values).round(_DECIMALS), axis=1, kind="stable")
        values = features[list(found.features)].to_numpy(dtype=object)
        return [
            self._document(found, row, places[: self.most], values[row])
            for row, places in enumerate(order)
        ]

    def _document(
        self, found: Contributions, row: int, places: np.ndarray, values: np.ndarray
    ) -> str:
        named = found.values[row]
        document = {
            "base": round(float(found.base[row]), _DECIMALS),
            "reasons": [
                {
                    "feature": found.features[place],
                    "value": _plain(values[place]),
                    "contribution": round(float(named[place]), _DECIMALS),
                }
                for place in places
            ],
            "rest": round(float(named.sum() - named[places].sum()), _DECIMALS),
        }
        return json.dumps(document, ensure_ascii=False)


def open_explainer(night: Night, release: Release, scorer: Scorer, *, most: int) -> Explainer:
    """Return what explains the predictions of a version.

    Raises
    ------
    ArtifactError
        If nothing is kept of what the version was trained on.
    """
    version = night.ledger.version(night.run.model, release.version)
    reference = stored_reference(night.artifacts, version)
    if reference is None:
        raise ArtifactError(
            f"version {release.version} of {night.run.model} was registered without a profile of "
            "its training data, which reasons are measured against; score without reasons, or "
            "train a new version"
        )
    missing = [name for name in scorer.features if name not in reference.columns]
    if missing:
        raise ArtifactError(
            f"the profile of version {release.version} lacks the features {', '.join(missing)}, "
            "so reasons cannot be given; score without them"
        )
    return Explainer(scorer, reference.typical(), most, night.threads)


def _plain(value: object) -> object:
    if value is None or value is pd.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, date):  # pd.NaT is one too
        return None if pd.isna(value) else value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
