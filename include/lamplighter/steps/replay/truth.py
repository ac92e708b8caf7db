"""The clairvoyant: what every model would have lost in every night's day, with labels of later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd

from lamplighter.contracts import ArtifactRef
from lamplighter.data.asof_versions import microsecond, microseconds
from lamplighter.data.digests import frame_digest
from lamplighter.data.examples import feature_view, known_examples
from lamplighter.evaluation.metrics import row_losses
from lamplighter.evaluation.ranking import Floats, Ints
from lamplighter.spec import ModelSpec
from lamplighter.steps.examples_frame import LABEL
from lamplighter.steps.load_model import load_model
from lamplighter.steps.night import Stores
from lamplighter.steps.replay.plan import Span, ingested_until
from lamplighter.training.scorer import Scorer


@dataclass(frozen=True)
class Truth:
    """The examples of a replay's span with the labels that are known today.

    A night's day is the time from its `as_of` to that of the next night: who is champion changes
    only there.

    Attributes
    ----------
    rows : DataFrame
        Examples with a label, in the order of their prediction times.
    features : callable
        Builds their features, each as of its own prediction time; asked when a model is scored.
    day : array of int, shape (n_rows,)
        Number of each row's night.
    counts : array of int, shape (n_nights,)
        Rows of each night's day.
    """

    spec: ModelSpec
    stores: Stores
    nights: tuple[datetime, ...]
    rows: pd.DataFrame
    features: Callable[[], pd.DataFrame]
    day: Ints
    counts: Ints
    digest: str
    threads: int

    def losses(self, model: ArtifactRef, *, since: datetime) -> Floats:
        """Return a model's mean loss in each night's day from `since` on; NaN before.

        Scored once: the same model on another timeline, or in a later replay, is read back.
        """
        content = hashlib.sha256(json.dumps([self.digest, model.digest]).encode()).hexdigest()
        key = f"replay/truth/{content[:16]}.json"
        stored = self.stores.artifacts.find(key)
        if stored is not None:
            return np.array(json.loads(self.stores.artifacts.read(stored)), dtype=float)
        found = self._score(model, since)
        self.stores.artifacts.write(key, json.dumps(found.tolist()).encode())
        return found

    def _score(self, model: ArtifactRef, since: datetime) -> Floats:
        mine = (self.rows["prediction_time"] >= since).to_numpy()
        mean = np.full(len(self.nights), np.nan)
        if not mine.any():
            return mean
        scorer = load_model(self.stores, model)
        asked = self.features()[mine][list(scorer.features)]
        predicted = scorer.predict(asked, threads=self.threads)
        losses = row_losses(self.spec.task, _codes(self.rows[LABEL][mine], scorer), predicted)
        sums = np.bincount(self.day[mine], losses, minlength=len(self.nights))
        counts = np.bincount(self.day[mine], minlength=len(self.nights))
        np.divide(sums, counts, out=mean, where=counts > 0)
        return mean


def learn_truth(spec: ModelSpec, stores: Stores, span: Span, *, threads: int) -> Truth:
    """Read the examples of a span with the labels that the lake holds by now."""
    knowledge = ingested_until(spec, stores)
    examples = known_examples(spec, stores.lake, as_of=span.end, knowledge_time=knowledge)
    within = (examples["prediction_time"] >= span.nights[0]) & examples[LABEL].notna()
    rows = examples[within].reset_index(drop=True)

    @cache
    def features() -> pd.DataFrame:
        return stores.build(spec, rows, lambda: feature_view(spec, stores.lake, as_of=span.end))

    begins = np.array([microsecond(night) for night in span.nights])
    day = np.searchsorted(begins, microseconds(rows["prediction_time"]), side="right") - 1
    nights = [night.isoformat() for night in span.nights]
    content = frame_digest(pd.DataFrame({"label": rows[LABEL].astype(str), "day": day}))
    return Truth(
        spec=spec,
        stores=stores,
        nights=span.nights,
        rows=rows,
        features=features,
        day=day,
        counts=np.bincount(day, minlength=len(nights)),
        digest=hashlib.sha256(json.dumps([content, nights]).encode()).hexdigest(),
        threads=threads,
    )


def _codes(labels: pd.Series, scorer: Scorer) -> Floats:
    if scorer.task == "regression":
        return labels.to_numpy(dtype=float)
    numbers = {label: code for code, label in enumerate(scorer.classes)}
    return labels.map(numbers).to_numpy(dtype=float)
