"""The demo's leaking model is stopped, with the reason on its page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from demo_leak import LEAKING, plant_leak, run_leaking_night

from lamplighter.examples.flights import source


def test_a_model_that_reads_tail_numbers_is_stopped_and_its_page_says_why(tmp_path: Path) -> None:
    for name, feed in (("schedule", source.schedule), ("arrivals", source.arrivals)):
        (tmp_path / "landing" / name).mkdir(parents=True)
        file = tmp_path / "landing" / name / "2013-07-01.parquet"
        feed(since=None, until=datetime(2013, 7, 1, tzinfo=UTC)).to_parquet(file, index=False)
    found = run_leaking_night(plant_leak(tmp_path / "landing", tmp_path / "leak"))
    assert found.stopped, found
    assert f"feature '{LEAKING}' decides the label: where it is missing" in found.said
    assert list((tmp_path / "leak" / "stores").rglob("leakage-*.json"))
