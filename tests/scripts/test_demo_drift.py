"""The demo's drift is what the command line and the night's own report say."""

import pandas as pd
from demo_drift import compare_windows, drift_of_night

from world import World, day


def test_two_windows_are_compared_and_the_night_says_what_drifted(world: World) -> None:
    world.run(day(50))
    later = world.visits["seen_at"] >= pd.Timestamp(day(50))
    world.visits.loc[later, "age"] += 30
    world.write()
    world.document["retrain"] = {"policy": "never"}
    world.write()
    world.run(day(58), run_id="returns__train/later")
    page = world.home / "drift.html"
    window = "--as-of", "2024-02-27", "--reference-from", "2024-01-01", "--reference-to"
    found = compare_windows(
        world.paths, world.spec_path, *window, "2024-02-10", html=page, overlay=""
    )
    assert found.drifted == ("age",)
    assert "most of all age (PSI" in found.said
    assert page.read_text().startswith("<!doctype html>")
    assert "what version 1 was trained on" in drift_of_night(world.paths, "returns__train/later")
    refused = compare_windows(world.paths, world.spec_path, "--days", "0", html=page, overlay="")
    assert (refused.drifted, "expected a whole number above 0" in refused.said) == ((), True)
    assert drift_of_night(world.paths, "returns__train/none") == ""
