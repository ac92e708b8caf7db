"""Flights in time order: the features of the spec that ships, built by the project's own code.

Each flight's features are what was known two hours before it was to leave. Flights of February to
June are kept: those of January have little history behind their features.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from benchmarks.tuning.declared_set import PROJECT, VAR

_NEW_YORK = ZoneInfo("America/New_York")
_FIRST = datetime(2013, 2, 1, tzinfo=_NEW_YORK)
_AS_OF = datetime(2013, 7, 1, tzinfo=_NEW_YORK)
_LABELS_LAG = timedelta(hours=52)
_SPEC = PROJECT / "include" / "models" / "flights.yaml"


def flights(as_of: datetime = _AS_OF) -> pd.DataFrame:
    """Return features, ``late`` and ``prediction_time`` of each flight, cached under ``var/``."""
    cache = VAR / f"flights-{as_of:%Y-%m-%d}.parquet"
    if not cache.exists():
        frame = _through_a_lake(as_of)
        cache.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(cache)
    return pd.read_parquet(cache)


def _through_a_lake(as_of: datetime) -> pd.DataFrame:
    from lamplighter.data.examples import feature_view, known_examples
    from lamplighter.data.ingest import conform
    from lamplighter.data.lake import Lake
    from lamplighter.data.sources import read_source
    from lamplighter.features.build import build_features
    from lamplighter.spec import load_spec

    spec = load_spec(_SPEC)
    assert spec.time is not None
    known = as_of + _LABELS_LAG
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for name, table in spec.data.tables.items():
            rows = read_source(table, since=None, until=known)
            rows = conform(rows, name, table, known_columns=None)
            lake.publish(spec.model, name, table, rows, until=known, start=spec.time.start)
        examples = known_examples(spec, lake, as_of=as_of, knowledge_time=known)
        wanted = (examples["prediction_time"] >= _FIRST) & examples["label"].notna()
        examples = examples[wanted].reset_index(drop=True)
        features = build_features(spec, examples, feature_view(spec, lake, as_of=as_of))
    return features.assign(
        late=examples["label"].astype("int64"), prediction_time=examples["prediction_time"]
    )
