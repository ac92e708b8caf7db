"""Flights in time order: the features of the spec that ships, built by the project's own code.

Each flight's features are what was known two hours before it was to leave. Flights of February to
June are kept: those of January have little history behind their features.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
from benchmarks.tuning.declared_set import PROJECT, VAR

_NEW_YORK = ZoneInfo("America/New_York")
_FIRST = datetime(2013, 2, 1, tzinfo=_NEW_YORK)
_AS_OF = datetime(2013, 7, 1, tzinfo=_NEW_YORK)
_LABELS_KNOWN = datetime(2013, 7, 3, 4, tzinfo=_NEW_YORK)
_SPEC = PROJECT / "include" / "models" / "flights.yaml"


def flights() -> pd.DataFrame:
    """Return features, ``late`` and ``prediction_time`` of each flight, cached under ``var/``."""
    cache = VAR / "flights.parquet"
    if not cache.exists():
        frame = _through_a_lake()
        cache.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(cache)
    return pd.read_parquet(cache)


def _through_a_lake() -> pd.DataFrame:
    from lamplighter.data.examples import feature_view, known_examples
    from lamplighter.data.ingest import conform
    from lamplighter.data.lake import Lake
    from lamplighter.data.sources import read_source
    from lamplighter.features.build import build_features
    from lamplighter.spec import load_spec

    spec = load_spec(_SPEC)
    assert spec.time is not None
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for name, table in spec.data.tables.items():
            rows = read_source(table, since=None, until=_LABELS_KNOWN)
            rows = conform(rows, name, table, known_columns=None)
            lake.publish(spec.model, name, table, rows, until=_LABELS_KNOWN, start=spec.time.start)
        examples = known_examples(spec, lake, as_of=_AS_OF, knowledge_time=_LABELS_KNOWN)
        wanted = (examples["prediction_time"] >= _FIRST) & examples["label"].notna()
        examples = examples[wanted].reset_index(drop=True)
        features = build_features(spec, examples, feature_view(spec, lake, as_of=_AS_OF))
    return features.assign(
        late=examples["label"].astype("int64"), prediction_time=examples["prediction_time"]
    )
