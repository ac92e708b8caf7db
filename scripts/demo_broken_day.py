"""The demo's broken day: one delivery of the feed that is wrong in five ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from demo_landing import deliver_twice, remove_duplicates

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """What is wrong with some rows of a table, and which check has to find it."""

    table: str
    check: str
    column: str
    value: str | float | None
    rows: int
    said: str


FAULTS = (
    Fault("schedule", "not_null", "dest", None, 5, "5 flights of the schedule go nowhere"),
    Fault("schedule", "in_set", "origin", "XYZ", 3, "3 leave from an airport that does not exist"),
    Fault("departures", "between", "delay_minutes", 9_999.0, 4, "4 departures are a week late"),
    Fault("arrivals", "target_not_null", "late", None, 6, "6 arrivals do not say whether late"),
)
"""Rows of single faults, which are set aside. The fifth is that arrivals are delivered twice."""

TWICE = "arrivals"
"""The table whose file is delivered twice, which stops the night."""

FOUND = {f"{fault.table}.{fault.check}" for fault in FAULTS} | {f"{TWICE}.key_unique"}
"""What the report of the stopped night has to name."""


def break_day(landing: Path, day: date, *, corrections: Path) -> list[str]:
    """Spoil a day's files in five ways; keep the rows as they should be. Return what is wrong.

    Parameters
    ----------
    corrections : Path
        A folder; each table's rows, as its owner will correct them, go into ``{table}.parquet``.
    """
    corrections.mkdir(parents=True, exist_ok=True)
    for table in dict.fromkeys(fault.table for fault in FAULTS):
        path = landing / table / f"{day}.parquet"
        good = pd.read_parquet(path)
        bad, spoiled = good.astype({"late": "boolean"} if "late" in good else {}), []
        for number, fault in enumerate(f for f in FAULTS if f.table == table):
            rows = range(10 + 100 * number, 10 + 100 * number + fault.rows)
            bad.loc[list(rows), fault.column] = fault.value
            spoiled += rows
        bad.to_parquet(path, index=False)
        good.loc[spoiled].to_parquet(corrections / f"{table}.parquet", index=False)
    too_many = deliver_twice(landing, TWICE, day)
    return [*(fault.said for fault in FAULTS), f"all {too_many:,} arrivals are delivered twice"]


def repair_day(landing: Path, day: date) -> int:
    """Take out what was delivered twice. The rows of single faults stay as they are."""
    return remove_duplicates(landing, TWICE, day)
