"""The features of flights: worth training on, and blind to what came later."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

from lamplighter.data.examples import feature_view, interval_examples, known_examples
from lamplighter.data.splits import split_examples
from lamplighter.features.build import build_features

ZONE = ZoneInfo("America/New_York")
JULY = {
    "as_of": datetime(2013, 7, 1, tzinfo=ZONE),
    "knowledge_time": datetime(2013, 7, 3, tzinfo=ZONE),
}


def test_an_untuned_booster_tells_late_flights_of_late_june(flights_spec, flights_lake):
    examples = known_examples(flights_spec, flights_lake, **JULY)
    split = split_examples(flights_spec, examples, **JULY)
    assert (split.blocks[0], split.blocks[-1]) == ("2013-06-17", "2013-06-30")
    assert len(split.blocks) == 14

    view = feature_view(flights_spec, flights_lake, as_of=JULY["as_of"])
    features = build_features(flights_spec, examples, view)
    text = features.select_dtypes("str").columns
    features = features.astype({c: pd.CategoricalDtype(sorted(set(features[c]))) for c in text})
    label = examples["label"]
    booster = XGBClassifier(
        n_estimators=60, learning_rate=0.1, enable_categorical=True, n_jobs=1, random_state=0
    )
    booster.fit(features[split.training], label[split.training])
    score = booster.predict_proba(features[split.holdout])[:, 1]
    assert roc_auc_score(label[split.holdout], score) >= 0.78


def test_features_do_not_change_by_a_bit_as_time_goes_on(flights_spec, flights_lake):
    start = datetime(2013, 2, 8, tzinfo=ZONE)
    end = start + timedelta(days=3)  # the blizzard of 8 February and the days after
    flights = interval_examples(flights_spec, flights_lake, start=start, end=end)
    at_once, later = (
        build_features(flights_spec, flights, feature_view(flights_spec, flights_lake, as_of=as_of))
        for as_of in (end, datetime(2013, 7, 1, tzinfo=ZONE))
    )
    pd.testing.assert_frame_equal(at_once, later, check_exact=True)


def test_features_of_one_flight_do_not_depend_on_which_others_are_asked(flights_spec, flights_lake):
    start = datetime(2013, 5, 1, tzinfo=ZONE)
    flights = interval_examples(
        flights_spec, flights_lake, start=start, end=start + timedelta(days=1)
    )
    view = feature_view(flights_spec, flights_lake, as_of=start + timedelta(days=1))
    together = build_features(flights_spec, flights, view)
    few = flights.sample(25, random_state=0)
    pd.testing.assert_frame_equal(
        build_features(flights_spec, few, view), together.loc[few.index], check_exact=True
    )


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("departures", "delay_minutes"),
        ("arrivals", "arrival_delay_minutes"),
        ("arrivals", "late"),
    ],
)
def test_no_flight_can_see_how_it_ended_itself(flights_spec, flights_lake, table, column):
    end = datetime(2013, 6, 1, tzinfo=ZONE)
    flights = interval_examples(flights_spec, flights_lake, start=end - timedelta(days=7), end=end)
    view = feature_view(flights_spec, flights_lake, as_of=datetime(2013, 7, 1, tzinfo=ZONE))
    own = view.latest(table, flights, by=["flight_id"], columns=[column])
    assert len(own) > 6_000
    assert np.isnan(own[column]).all()


def test_an_interval_holds_the_flights_predicted_in_it(flights_spec, flights_lake):
    start = datetime(2013, 6, 30, 4, tzinfo=ZONE)
    end = start + timedelta(days=1)
    flights = interval_examples(flights_spec, flights_lake, start=start, end=end)
    departures = flights["event_time"]
    assert departures.min() >= pd.Timestamp(start + timedelta(hours=2))
    assert departures.max() < pd.Timestamp(end + timedelta(hours=2))
    assert "label" not in flights.columns
    assert 800 < len(flights) < 1_100
