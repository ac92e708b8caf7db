"""Features that are remembered are those that would be built, or are not remembered."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lamplighter.data.examples import feature_view, known_examples
from lamplighter.features import remembered as module
from lamplighter.features.build import build_features
from lamplighter.features.remembered import RememberedFeatures
from lamplighter.spec import ModelSpec, load_spec
from world import World, day


@pytest.fixture
def ingested(world: World) -> World:
    world.ingest(day(30), day(52))
    return world


def asked(world: World, until: int) -> tuple[ModelSpec, pd.DataFrame, Any]:
    spec, lake = load_spec(world.spec_path), world.stores.lake
    times = {"as_of": day(until), "knowledge_time": day(until)}
    return (
        spec,
        known_examples(spec, lake, **times),
        lambda: feature_view(spec, lake, as_of=day(until)),
    )


def test_nights_get_the_features_that_they_would_build(ingested: World) -> None:
    remember = RememberedFeatures()
    for until in (20, 25, 25, 40):
        spec, examples, view = asked(ingested, until)
        pd.testing.assert_frame_equal(
            remember(spec, examples, view), build_features(spec, examples, view())
        )
    assert remember.row_by_row is True


def test_only_new_examples_are_built_once_it_is_sure(
    ingested: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = RememberedFeatures()
    for until in (20, 25):
        remember(*asked(ingested, until))
    built = []

    def counted(spec: ModelSpec, examples: pd.DataFrame, view: Any) -> pd.DataFrame:
        built.append(len(examples))
        return build_features(spec, examples, view)

    monkeypatch.setattr(module, "build_features", counted)
    before, after = (len(asked(ingested, until)[1]) for until in (25, 26))
    remember(*asked(ingested, 25))
    remember(*asked(ingested, 26))
    assert built == [after - before]


def test_features_that_look_at_other_examples_are_not_remembered(
    ingested: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ranked(spec: ModelSpec, examples: pd.DataFrame, view: Any) -> pd.DataFrame:
        features = build_features(spec, examples, view)
        return features.assign(rank=features["age"].rank())

    monkeypatch.setattr(module, "build_features", ranked)
    remember = RememberedFeatures()
    for until in (20, 25, 30):
        spec, examples, view = asked(ingested, until)
        pd.testing.assert_frame_equal(
            remember(spec, examples, view), ranked(spec, examples, view())
        )
    assert remember.row_by_row is False
