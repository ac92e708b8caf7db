"""A model without time goes all the way from its source to folds and features."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.data.examples import feature_view, interval_examples, known_examples
from lamplighter.data.ingest import conform
from lamplighter.data.lake import Lake
from lamplighter.data.sources import read_source
from lamplighter.data.splits import split_examples, training_folds
from lamplighter.features.build import build_features
from lamplighter.spec import load_spec

SPEC = load_spec(Path(__file__).parents[2] / "include" / "models" / "breast_cancer.yaml")
AS_OF = datetime(2026, 1, 2, tzinfo=UTC)
NOW = {"as_of": AS_OF, "knowledge_time": AS_OF}


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    ingest(lake, AS_OF)
    return lake


def ingest(lake: Lake, until: datetime) -> int:
    table = SPEC.data.tables["tumours"]
    rows = read_source(table, since=lake.ingested_until(SPEC.model, "tumours"), until=until)
    conformed = conform(rows, "tumours", table, known_columns=lake.columns(SPEC.model, "tumours"))
    return lake.publish(SPEC.model, "tumours", table, conformed, until=until, start=None)


def test_every_tumour_is_an_example_with_a_label_and_no_time(lake):
    examples = known_examples(SPEC, lake, **NOW)
    assert len(examples) == 569
    assert examples["label"].sum() == 212  # malignant
    assert examples[["event_time", "prediction_time", "label_time"]].isna().all(axis=None)
    assert examples["block"].is_unique


def test_a_second_night_finds_nothing_new(lake):
    before = known_examples(SPEC, lake, **NOW)
    assert ingest(lake, datetime(2026, 1, 3, tzinfo=UTC)) == 0
    pd.testing.assert_frame_equal(known_examples(SPEC, lake, **NOW), before)


def test_the_holdout_is_near_its_share_and_apart_from_training(lake):
    examples = known_examples(SPEC, lake, **NOW)
    split = split_examples(SPEC, examples, **NOW)
    assert split.cutoff is None
    assert not (split.training & split.holdout).any()
    assert (split.training | split.holdout).all()
    assert split.holdout.mean() == pytest.approx(SPEC.split.holdout_fraction, abs=0.06)
    assert len(split.blocks) == split.holdout.sum()


def test_folds_validate_every_training_example_once_with_both_classes(lake):
    examples = known_examples(SPEC, lake, **NOW)
    training = examples[split_examples(SPEC, examples, **NOW).training]
    folds = training_folds(SPEC, training)
    validated = np.sort(np.concatenate([validate for _, validate in folds]))
    np.testing.assert_array_equal(validated, np.arange(len(training)))
    shares = [training["label"].iloc[validate].mean() for _, validate in folds]
    assert max(shares) - min(shares) < 0.01


def test_the_columns_of_the_table_are_the_features_without_key_and_target(lake):
    examples = interval_examples(SPEC, lake, start=AS_OF, end=AS_OF)
    features = build_features(SPEC, examples, feature_view(SPEC, lake, as_of=AS_OF))
    assert features.shape == (569, 30)
    assert features["mean_radius"].iloc[0] == 17.99
    assert not {"tumour_id", "malignant"} & set(features.columns)
