"""Step score_interval: score an interval's examples with whoever was champion then."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from lamplighter.contracts import ScoredInterval, SnapshotRef
from lamplighter.data.digests import frame_digest
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.data.predictions import example_names, prediction_ids
from lamplighter.errors import NoChampionError
from lamplighter.features.build import build_features
from lamplighter.ledger import Release
from lamplighter.steps.load_version import load_version
from lamplighter.steps.night import Night
from lamplighter.training.scorer import Scorer

log = logging.getLogger(__name__)

BATCH_ROWS = 100_000


def score_interval(
    night: Night, snapshot: SnapshotRef, *, start: datetime, end: datetime
) -> ScoredInterval:
    """Score the examples whose prediction time lies in ``[start, end)``.

    Each example is scored by the version that was champion at its prediction time, on what was
    known then. Scoring the same interval again replaces its rows with the same rows.

    Parameters
    ----------
    snapshot : SnapshotRef
        The data that `validate_data` let in.

    Raises
    ------
    NoChampionError
        If there was no champion for any of the examples.
    """
    scored = score_frame(night, start=start, end=end)
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


def score_frame(night: Night, *, start: datetime, end: datetime) -> pd.DataFrame:
    """Return an interval's predictions, one row per example, without storing them."""
    spec = night.spec
    examples = interval_examples(spec, night.lake, start=start, end=end)
    periods = list(_periods(night, examples, start, end))
    if not periods:
        raise NoChampionError(
            f"{spec.model} has no champion before {end.isoformat()}; run a night first, or "
            "choose a later time"
        )
    view = feature_view(spec, night.lake, as_of=end)
    features = build_features(spec, examples, view)
    parts = []
    for period in periods:
        predictor = load_version(
            night.stores, spec.model, period.release.version, threads=night.threads
        )
        rows = features[period.rows]
        predicted = _in_batches(predictor, rows, threads=night.threads)
        parts.append(
            _as_rows(night, examples[period.rows], rows, predictor, predicted, period.release, end)
        )
    return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True)
class _Period:
    """The examples of one champion's time."""

    release: Release
    rows: np.ndarray


def _periods(
    night: Night, examples: pd.DataFrame, start: datetime, end: datetime
) -> Iterator[_Period]:
    if night.spec.time is None:
        # The moment before: tonight's own release must not depend on which of two runs is faster.
        before = end - timedelta(microseconds=1)
        champion = night.ledger.champion(night.run.model, at=before)
        if champion is not None:
            yield _Period(champion, np.ones(len(examples), dtype=bool))
        return
    times = examples["prediction_time"]
    for release in night.ledger.releases(night.run.model):
        until = release.valid_to or end + timedelta(microseconds=1)
        rows = ((times >= release.valid_from) & (times < until)).to_numpy()
        if release.valid_from < end and until > start and (rows.any() or not len(examples)):
            yield _Period(release, rows)


def _in_batches(predictor: Scorer, rows: pd.DataFrame, *, threads: int) -> np.ndarray:
    batches = [
        predictor.predict(rows.iloc[first : first + BATCH_ROWS], threads=threads)
        for first in range(0, max(len(rows), 1), BATCH_ROWS)
    ]
    return np.concatenate(batches)


def _as_rows(
    night: Night,
    examples: pd.DataFrame,
    features: pd.DataFrame,
    predictor: Scorer,
    predicted: np.ndarray,
    release: Release,
    end: datetime,
) -> pd.DataFrame:
    model, key_columns = night.run.model, list(_key_columns(night))
    keys = example_names(examples[key_columns])
    times = examples["prediction_time"]
    values = predicted
    if predictor.task == "multiclass":
        values = np.asarray([str(predictor.classes[best]) for best in predicted.argmax(axis=1)])
    return pd.DataFrame(
        {
            "prediction_id": prediction_ids(model, keys, times),
            "key": keys,
            "prediction_time": pd.to_datetime(times, utc=True).reset_index(drop=True),
            "prediction": values,
            "model_version": release.version,
            "as_of": pd.Timestamp(end),
            "features_digest": [f"{h:016x}" for h in hash_pandas_object(features, index=False)],
        }
    )


def _key_columns(night: Night) -> tuple[str, ...]:
    data = night.spec.data
    return data.tables[data.examples_table].key
