"""`lamplighter init`: what it writes is valid, explains itself, and a night of it runs unedited."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.cli.main import main
from lamplighter.spec import load_spec

Command = Callable[..., tuple[int, str, str]]
N = 900


@pytest.fixture
def lamplighter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command in a home and a models folder of its own."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LAMPLIGHTER_MODELS", str(tmp_path / "models"))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "models").mkdir()

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return run


def stays(rows: int = N) -> pd.DataFrame:
    """Make bookings without ids, some of them equal, with a season and a few columns to avoid."""
    random = np.random.default_rng(1)
    day = np.sort(random.integers(0, 90, rows))
    nights, guests = random.integers(1, 8, rows), random.integers(1, 5, rows)
    season = 30 * np.sin(day / 90 * np.pi)
    frame = pd.DataFrame(
        {
            "rate": (60 + season + 12 * guests + random.normal(0, 4, rows)).round(0),
            "nights": nights,
            "guests": guests,
            "meal": random.choice(["none", "half", "full"], rows),
            "near_noon": season.round(1),
            "arrives": (pd.Timestamp("2023-05-01") + pd.to_timedelta(day, unit="D")).strftime(
                "%Y-%m-%d"
            ),
            "day_number": day.astype(float),
        }
    )
    return pd.concat([frame, frame.head(20)], ignore_index=True)


def as_document(path: Path) -> dict[str, Any]:
    return load_spec(path).document()


def test_a_file_without_key_and_with_dates_as_text_runs_without_an_edit(
    tmp_path: Path, lamplighter: Command
) -> None:
    stays().to_parquet(tmp_path / "stays.parquet")
    code, out, _ = lamplighter(
        "init", "rates", "--data", tmp_path / "stays.parquet", "--target", "rate"
    )
    assert code == 0
    spec_path = tmp_path / "models" / "rates.yaml"
    assert f"lamplighter run {spec_path} --as-of 2023-07-30" in out
    spec = as_document(spec_path)
    assert spec["task"] == "regression"
    assert spec["data"]["tables"]["stays"]["key"] == ["_row"]
    assert spec["data"]["tables"]["stays"]["event_time"] == "arrives"
    assert spec["features"]["drop"] == ["day_number"]
    assert spec["schedule"]["cron"] is None
    assert lamplighter("check", spec_path)[0] == 0

    code, out, err = lamplighter("run", spec_path, "--as-of", "2023-07-30", "--trials", 2)
    assert (code, "Version 1 is champion" in out) == (0, True), err


def test_words_for_the_target_and_no_time_run_without_an_edit(
    tmp_path: Path, lamplighter: Command
) -> None:
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"label": "no", "income": random.normal(size=600), "block": random.choice(["x", "y"], 600)}
    )
    frame.loc[frame["income"] + random.normal(0, 0.5, 600) > 0.5, "label"] = "yes"
    frame.to_csv(tmp_path / "people.csv", index=False)
    assert (
        lamplighter("init", "leavers", "--data", tmp_path / "people.csv", "--target", "label")[0]
        == 0
    )
    spec_path = tmp_path / "models" / "leavers.yaml"
    assert as_document(spec_path)["data"]["positive"] == "yes"
    assert '"yes"' in spec_path.read_text(), "unquoted, other readers of YAML see a truth value"
    code, out, err = lamplighter("run", spec_path, "--trials", 2)
    assert (code, "Version 1 is champion" in out) == (0, True), err


def test_labels_in_a_second_file_are_a_second_table(tmp_path: Path, lamplighter: Command) -> None:
    at = pd.date_range("2024-01-01", periods=400, freq="3h")
    random = np.random.default_rng(3)
    x, luck = random.normal(size=400), random.normal(size=400)
    pd.DataFrame({"visit_id": range(400), "at": at, "x": x, "z": 1 - x}).to_parquet(
        tmp_path / "visits.parquet"
    )
    pd.DataFrame({"visit_id": range(400), "at": at, "won": x + luck > 0}).to_csv(
        tmp_path / "ends.csv", index=False
    )
    data = (tmp_path / "visits.parquet", tmp_path / "ends.csv")
    code, _, err = lamplighter(
        "init", "wins", "--data", *data, "--target", "won", "--owner", "a: b"
    )
    assert code == 0, err
    spec = as_document(tmp_path / "models" / "wins.yaml")
    assert (spec["data"]["examples"], spec["data"]["target"]) == ("visits", "ends.won")
    assert [t["key"] for t in spec["data"]["tables"].values()] == [["visit_id"]] * 2
    assert spec["owner"]["team"] == "a: b"


def test_names_and_values_that_yaml_would_read_otherwise_are_quoted(
    tmp_path: Path, lamplighter: Command
) -> None:
    random = np.random.default_rng(4)
    y = random.normal(size=300)
    odd = {
        "no": y + random.normal(size=300),
        "a: b": "same\nvalue",
        "x # y": random.normal(size=300),
    }
    frame = pd.DataFrame({"rate, net": y, "1": range(300), **odd})
    frame.to_parquet(tmp_path / "t.parquet")
    code, _, err = lamplighter(
        "init", "m", "--data", tmp_path / "t.parquet", "--target", "rate, net"
    )
    assert code == 0, err
    spec = as_document(tmp_path / "models" / "m.yaml")
    assert spec["data"]["target"] == "rate, net"
    assert spec["data"]["tables"]["t"]["key"] == ["1"]
    assert spec["features"]["drop"] == ["a: b"]


def test_data_that_goes_on_today_gets_a_schedule(tmp_path: Path, lamplighter: Command) -> None:
    today = pd.Timestamp(datetime.now(UTC).date())
    at = pd.date_range(today - pd.Timedelta(days=30), today + pd.Timedelta(hours=1), freq="h")
    frame = pd.DataFrame({"at": at, "x": np.arange(len(at)) % 7, "y": np.arange(len(at)) % 5 * 1.5})
    frame.to_parquet(tmp_path / "t.parquet")
    _, out, _ = lamplighter(
        "init", "m", "--data", tmp_path / "t.parquet", "--target", "y", "--json"
    )
    assert json.loads(out)["next"].endswith(f"--as-of {today.date()}")
    spec = as_document(tmp_path / "models" / "m.yaml")
    assert (spec["schedule"]["cron"], spec["split"]["holdout_days"]) == ("0 3 * * *", 7)


def test_an_existing_spec_is_replaced_only_when_asked(tmp_path: Path, lamplighter: Command) -> None:
    stays().to_parquet(tmp_path / "stays.parquet")
    words = ("init", "rates", "--data", tmp_path / "stays.parquet", "--target", "rate")
    path = tmp_path / "models" / "rates.yaml"
    path.write_text("mine")
    code, _, err = lamplighter(*words)
    assert (code, "is there already" in err, path.read_text()) == (2, True, "mine")
    assert lamplighter(*words, "--force")[0] == 0
    assert load_spec(path).model == "rates"
    assert [p.name for p in path.parent.iterdir()] == ["rates.yaml"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["Rates", "--target", "rate"], 2, "got the name 'Rates', expected .* such as rates"),
        (
            ["rates", "--target", "rat"],
            2,
            "--target rat is no column of the data; did you mean 'rate'",
        ),
        (["rates", "--target", "rate", "--task", "binary"], 2, "needs two values"),
        (["rates", "--target", "rate", "--time", "meal"], 2, "--time meal holds strings"),
        (["rates", "--target", "rate", "--key", "arrives"], 1, "rows share theirs with another"),
        (["rates", "--target", "rate", "--out", "nowhere"], 2, "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_written(
    tmp_path: Path, lamplighter: Command, words: list[str], code: int, said: str
) -> None:
    stays(200).to_parquet(tmp_path / "stays.parquet")
    found = lamplighter("init", *words, "--data", tmp_path / "stays.parquet")
    assert found[0] == code
    assert re.search(said, found[2]), found[2]
    assert not list((tmp_path / "models").iterdir())


def test_a_table_with_nothing_to_learn_from_is_refused(
    tmp_path: Path, lamplighter: Command
) -> None:
    frame = pd.DataFrame(
        {"id": range(99), "y": [0, 1, 1] * 33, "note": [f"{n} " + "a word " * 9 for n in range(99)]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    code, _, err = lamplighter("init", "m", "--data", tmp_path / "t.parquet", "--target", "y")
    assert (code, "no column that can be a feature as it is (note: free text" in err) == (1, True)
