"""Evaluating the past: the parts into which a spec cuts rows, and models without a time column."""

from __future__ import annotations

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lamplighter.cli.main import main
from lamplighter.data.examples import feature_view, interval_examples
from lamplighter.evaluation.metrics import METRICS, measure
from lamplighter.features.build import build_features
from lamplighter.spec import load_spec
from lamplighter.steps.historic.whole_range import evaluate_range
from lamplighter.steps.load_version import load_version
from past_days import contents, evaluate, rows
from world import World, day, visits

SLICES = {
    "by": {"city": {}, "age": {"edges": [40]}, "spend": {}, "noise": {"bins": 3}},
    "metric": "brier",
    "min_rows": 10,
}


def test_each_part_of_a_day_is_measured_on_its_own_rows(past: World) -> None:
    past.document["gate"] = {"slices": SLICES}
    past.write()
    evaluate(past, 53)
    spec, lake = load_spec(past.spec_path), past.stores.lake
    examples = interval_examples(spec, lake, start=day(52), end=day(53))
    features = build_features(spec, examples, feature_view(spec, lake, as_of=day(53)))
    predicted = load_version(past.stores, "returns", "2").predict(features)
    truth = past.visits.set_index("visit_id").loc[examples["visit_id"]]
    of = {
        **{f"city {name}": (truth["city"] == name).to_numpy() for name in ("Bern", "Cork", "Lima")},
        "age below 40": (truth["age"] < 40).to_numpy(),
        "age from 40": (truth["age"] >= 40).to_numpy(),
    }
    (matured,) = rows(past, knowledge_time=day(54), hindsight=False)
    found = {part["slice"]: part for part in matured.slices}
    # Numbers of many values are not cut without edges: quantiles differ from day to day.
    assert set(found) == set(of)
    for name, mine in of.items():
        part = found[name]
        expected = measure(METRICS["brier"], truth["returned"].to_numpy()[mine], predicted[mine])
        assert (part["rows"], part["labelled_rows"]) == (mine.sum(), mine.sum()), name
        assert part["metric"] == "brier"
        assert part["estimate"]["value"] == pytest.approx(expected, abs=1e-15), name


def test_a_part_of_few_labelled_rows_has_no_estimate_but_is_counted(past: World) -> None:
    past.document["gate"] = {"slices": {"by": {"city": {"values": ["Lima", "Rome"]}}}}
    past.write()
    evaluate(past, 53)
    (matured,) = rows(past, knowledge_time=day(54), hindsight=False)
    here = past.visits["seen_at"].between(day(52), day(53), inclusive="left")
    lima = int((past.visits[here]["city"] == "Lima").sum())
    counts = [(p["rows"], p["labelled_rows"], p["estimate"]) for p in matured.slices]
    assert counts[:2] == [(lima, lima, None), (0, 0, None)]


def test_a_range_cuts_the_parts_that_its_days_cut(past: World) -> None:
    past.document["gate"] = {"slices": SLICES}
    past.write()
    for number in (52, 53):
        evaluate(past, number)
    single = contents(rows(past))
    evaluate_range(past.stores, load_spec(past.spec_path), start=day(50), end=day(54))
    assert [r for r in contents(rows(past)) if r["interval_end"] in (day(52), day(53))] == single


def test_parts_by_a_column_that_is_no_feature_read_the_examples_own_row(past: World) -> None:
    past.document["features"] = {"drop": ["city"]}
    past.document["gate"] = {"slices": {"by": {"city": {}}, "min_rows": 5}}
    past.write()
    evaluate(past, 53, by="version:1")
    assert all("needs the features city" in e.details["problem"] for e in rows(past))
    assert all(e.slices == () for e in rows(past))


@pytest.fixture(scope="session")
def timeless_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Visits without a time column: a row says since when it is known, its label comes with it."""
    world = World(tmp_path_factory.mktemp("timeless"), visits(days=20))
    del world.document["time"]
    table = world.document["data"]["tables"]["visits"]
    del table["event_time"]
    world.document["data"] |= {"target": "visits.returned", "tables": {"visits": table}}
    world.document["split"] = {"holdout_fraction": 0.3, "folds": 2}
    world.document["gate"] = {"slices": {"by": {"city": {}}, "min_rows": 5}}
    world.document["search"] = {"algorithms": ["linear"], "trials": 1, "budget_s": None}
    world.document["schedule"] = {"cron": None}
    world.write()
    world.visits.to_parquet(world.folder / "visits.parquet", index=False)  # with the target
    world.run(day(10))
    world.run(day(12), gate_mode="off")
    world.ingest(day(16))
    return world


@pytest.fixture
def timeless(timeless_once: World, tmp_path: Path) -> World:
    """Version 1 is champion from day 10, version 2 from day 12; the lake knows all until day 16."""
    world = copy.copy(timeless_once)
    ledger = tmp_path / "ledger.db"
    shutil.copyfile(timeless_once.home / "ledger.db", ledger)
    world.paths = replace(timeless_once.paths, ledger=f"sqlite:///{ledger}")
    return world


def test_without_time_a_days_examples_are_the_rows_that_became_known_on_it(timeless: World) -> None:
    evaluate(timeless, 15)
    (only,) = rows(timeless)
    came = timeless.visits["seen_at"].between(day(14), day(15), inclusive="left")
    assert (only.version, only.knowledge_time, only.hindsight) == ("2", day(15), False)
    assert only.rows == only.labelled_rows == only.details["matured_rows"] == came.sum() > 0
    mine = timeless.visits[came].reset_index(drop=True)
    features = mine.drop(columns=["visit_id", "seen_at", "returned"])
    predicted = load_version(timeless.stores, "returns", "2").predict(features)
    expected = measure(METRICS["log_loss"], mine["returned"].to_numpy(), predicted)
    assert only.metrics["log_loss"]["value"] == pytest.approx(expected, abs=1e-15)
    parts = {p["slice"]: p["rows"] for p in only.slices}
    assert parts == {f"city {c}": n for c, n in mine["city"].value_counts().sort_index().items()}


def test_without_time_who_was_champion_at_the_end_of_the_day_is_judged(timeless: World) -> None:
    for number in (10, 11, 12, 13):
        evaluate(timeless, number)
    assert {e.interval_end: e.version for e in rows(timeless)} == {
        day(10): "none", day(11): "1", day(12): "1", day(13): "2",
    }  # fmt: skip


def test_without_time_a_range_gives_the_rows_that_its_days_give(timeless: World) -> None:
    for number in (14, 12, 13, 11):
        evaluate(timeless, number)
    single = contents(rows(timeless))
    ledger = timeless.stores.ledger
    spec = load_spec(timeless.spec_path)
    evaluate_range(timeless.stores, spec, start=day(9), end=day(15))
    both = contents(ledger.evaluations("returns"))
    assert [r for r in both if day(11) <= r["interval_end"] <= day(14)] == sorted(
        single, key=lambda r: r["interval_start"]
    )
    assert len(both) == 6


def test_a_model_without_time_has_no_gap_of_hindsight_and_a_page_that_says_its_days(
    timeless: World,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(
        "lamplighter.cli.evaluate_past.Stores.from_environment", lambda: timeless.stores
    )
    page = tmp_path / "page.html"
    words = ["--from", str(day(10)), "--to", str(day(15)), "--html", str(page), "--json"]
    assert main(["evaluate", "returns", *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(row["version"], row["days"], row["gap"]) for row in told["summary"]] == [
        ("1", 2, None), ("2", 3, None),
    ]  # fmt: skip
    assert "in hindsight</th>" in page.read_text()
