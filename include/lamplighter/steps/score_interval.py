"""Step score_interval: score an interval's examples with whoever was champion then."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from lamplighter.contracts import ScoredInterval, SnapshotRef
from lamplighter.data.digests import frame_digest
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.data.predictions import example_names, prediction_ids
from lamplighter.errors import NoChampionError
from lamplighter.features.build import build_features
from lamplighter.features.category import as_texts
from lamplighter.features.kinds import kind_of
from lamplighter.features.number import as_numbers
from lamplighter.ledger import Release
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night
from lamplighter.steps.reason_codes import Explainer, open_explainer
from lamplighter.training.predictor import Predictor
from lamplighter.training.scorer import Scorer
from lamplighter.training.threshold import class_name

log = logging.getLogger(__name__)

BATCH_ROWS = 50_000
"""Examples whose features are in memory at once."""

MOST_REASONS = 10


def score_interval(
    night: Night,
    snapshot: SnapshotRef,
    *,
    start: datetime,
    end: datetime,
    reasons: int = 0,
) -> ScoredInterval:
    """Score the examples whose prediction time lies in ``[start, end)``.

    Each example is scored by the version that was champion at its prediction time, on what was
    known then. Scoring the same interval again replaces its rows with the same rows.

    Parameters
    ----------
    snapshot : SnapshotRef
        The data that `validate_data` let in.
    reasons : int, default 0
        How many features of each example to name with what they contributed.

    Raises
    ------
    NoChampionError
        If there was no champion for any of the examples.
    ArtifactError
        If a champion's file is missing, or is not the one that was registered.
    """
    scored = score_frame(night, start=start, end=end, reasons=reasons)
    if not night.run.dry_run:
        night.predictions.replace(
            night.run.model, scored, start=start if night.spec.time else None, end=end
        )
    versions = sorted(scored["model_version"].unique(), key=int)
    said = f"{len(scored):,} examples scored with version {', '.join(versions) or 'none'}"
    night.say(said)
    log.info("%s: %s, %s to %s", night.run.model, said, start.isoformat(), end.isoformat())
    return ScoredInterval(
        model=night.run.model,
        start=start,
        end=end,
        rows=len(scored),
        versions=tuple(versions),
        digest=frame_digest(scored, sort_by=["prediction_id"]),
        snapshot_digest=snapshot.digest,
    )


def score_frame(
    night: Night,
    *,
    start: datetime,
    end: datetime,
    reasons: int = 0,
    batch_rows: int = BATCH_ROWS,
) -> pd.DataFrame:
    """Return an interval's predictions, one row per example, without storing them.

    Features are built and scored for `batch_rows` examples at a time, in order of prediction
    time, so memory does not grow with the interval but for the predictions themselves.
    """
    spec = night.spec
    examples = interval_examples(spec, night.lake, start=start, end=end)
    periods = [
        _Period.open(night, release, rows, reasons=reasons)
        for release, rows in _releases(night, examples, start, end)
    ]
    if not periods:
        raise NoChampionError(
            f"{spec.model} has no champion before {end.isoformat()}; run a night first, or "
            "choose a later time"
        )
    view = feature_view(spec, night.lake, as_of=end).bounded_by(examples)
    parts = []
    for first in range(0, max(len(examples), 1), batch_rows):
        batch = slice(first, first + batch_rows)
        features = build_features(spec, examples[batch], view)
        for period in periods:
            mine = period.rows[batch]
            parts.append(period.score(examples[batch][mine], features[mine], as_of=end))
        if len(examples) > batch_rows:
            night.say(f"{min(batch.stop, len(examples)):,} of {len(examples):,} examples scored")
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class _Period:
    """The examples of one champion's time, and who scores them."""

    night: Night
    release: Release
    rows: np.ndarray
    scorer: Scorer
    explain: Explainer | None

    @classmethod
    def open(cls, night: Night, release: Release, rows: np.ndarray, *, reasons: int) -> Self:
        scorer = load_version(night.stores, night.run.model, release.version, threads=night.threads)
        other = what_else_it_predicts(night, release.version)
        if other:
            said = f"version {release.version} predicts {other}; its predictions are of the former"
            night.say(said)
        explain = open_explainer(night, release, scorer, most=reasons) if reasons else None
        return cls(night, release, rows, scorer, explain)

    def score(
        self, examples: pd.DataFrame, features: pd.DataFrame, *, as_of: datetime
    ) -> pd.DataFrame:
        """Return the rows of some of its examples."""
        model, key_columns = self.night.run.model, list(_key_columns(self.night))
        predicted = self.scorer.predict(features, threads=self.night.threads)
        keys = example_names(examples[key_columns])
        times = examples["prediction_time"]
        said = self.explain(features) if self.explain else [None] * len(examples)
        return pd.DataFrame(
            {
                "prediction_id": prediction_ids(model, keys, times),
                "key": keys,
                "prediction_time": pd.to_datetime(times, utc=True).reset_index(drop=True),
                "prediction": _values(self.scorer, predicted),
                "decision": pd.array(_decisions(self.scorer, predicted), dtype="str"),
                "model_version": self.release.version,
                "as_of": pd.Timestamp(as_of),
                "features_digest": feature_digests(features),
                "reasons": pd.array(said, dtype="str"),
            }
        )


def feature_digests(features: pd.DataFrame) -> list[str]:
    """Return 16 hex digits for each row's features: the same whatever rows stand beside it."""
    plain = pd.DataFrame(
        {
            name: as_numbers(features[name])
            if kind_of(features[name]) == "number"
            else as_texts(features[name])
            for name in features.columns
        }
    )
    return [f"{number:016x}" for number in hash_pandas_object(plain, index=False)]


def _releases(
    night: Night, examples: pd.DataFrame, start: datetime, end: datetime
) -> Iterator[tuple[Release, np.ndarray]]:
    if night.spec.time is None:
        # The moment before: tonight's own release must not depend on which of two runs is faster.
        before = end - timedelta(microseconds=1)
        champion = night.ledger.champion(night.run.model, at=before)
        if champion is not None:
            yield champion, np.ones(len(examples), dtype=bool)
        return
    times = examples["prediction_time"]
    for release in night.ledger.releases(night.run.model):
        until = release.valid_to or end + timedelta(microseconds=1)
        rows = ((times >= release.valid_from) & (times < until)).to_numpy()
        if release.valid_from < end and until > start and (rows.any() or not len(examples)):
            yield release, rows


def _values(scorer: Scorer, predicted: np.ndarray) -> np.ndarray:
    if scorer.task != "multiclass":
        return predicted
    return np.asarray([class_name(scorer.classes[best]) for best in predicted.argmax(axis=1)])


def _decisions(scorer: Scorer, predicted: np.ndarray) -> list[str | None]:
    """Return the class of least expected cost for each row, where the model knows what it costs."""
    if not isinstance(scorer, Predictor) or scorer.rule is None:
        return [None] * len(predicted)
    return [class_name(label) for label in scorer.decide_on(predicted)]


def _key_columns(night: Night) -> tuple[str, ...]:
    data = night.spec.data
    return data.tables[data.examples_table].key
