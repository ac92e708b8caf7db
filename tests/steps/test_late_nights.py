"""Late nights: a table of cases, and the same ticks as Airflow's own timetable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lamplighter.contracts import Actor, RunRef
from lamplighter.ledger import StoredRun
from lamplighter.spec import ModelSpec
from lamplighter.steps.late_nights import watch_night

NOW = datetime(2024, 5, 10, 12, 0, tzinfo=UTC)
DUE = datetime(2024, 5, 10, 3, 0, tzinfo=UTC)


def spec(**schedule: Any) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "model": "tea",
            "owner": {"team": "kitchen"},
            "task": "binary",
            "data": {
                "tables": {"cups": {"source": {"csv": "cups.csv"}, "key": ["id"]}},
                "target": "good",
            },
            "schedule": schedule,
        }
    )


def run(as_of: datetime, run_id: str = "tea__train/scheduled__x", **others: Any) -> StoredRun:
    values = {
        "run_key": "k", "model": "tea", "spec_digest": "5" * 16, "as_of": as_of,
        "knowledge_time": as_of, "timeline": "live", "force_retrain": False,
        "gate_mode": "enforce", "budget_s": None, "trials": 1, "dry_run": False, "reason": "",
        "actor": Actor(name="scheduler", kind="airflow"), **others,
    }  # fmt: skip
    return StoredRun(run_id=run_id, run=RunRef(**values), recorded_at=as_of)


YESTERDAY = run(DUE - timedelta(days=1))
CASES = {
    "last night began": ({}, [run(DUE)], "in time"),
    "nobody began last night": ({}, [YESTERDAY], "late"),
    "begun by hand": ({}, [run(DUE, "cli/tea/1"), YESTERDAY], "in time"),
    "a later night covers it": ({}, [run(DUE + timedelta(hours=2), "tea__train/manual"), YESTERDAY],
                                "in time"),
    "a dry run is no night": ({}, [run(DUE, "tea__train/manual", dry_run=True), YESTERDAY], "late"),
    "a simulated night is none": ({}, [run(DUE, timeline="simulated:x"), YESTERDAY], "late"),
    "scoring is no night": ({}, [run(DUE, "tea__score/scheduled__x"), YESTERDAY], "late"),
    "only scoring was ever scheduled": ({}, [run(DUE, "tea__score/scheduled__x")],
                                        "never scheduled"),
    "still within its grace": ({"late_after": "10h"}, [YESTERDAY], "in time"),
    "just past its grace": ({"late_after": "9h"}, [YESTERDAY], "late"),
    "new": ({}, [], "never scheduled"),
    "on a laptop": ({}, [run(DUE - timedelta(days=30), "cli/tea/1")], "never scheduled"),
    "by hand only": ({"cron": None}, [], "no schedule"),
    "the window is over": ({"end": "2013-12-31"}, [], "outside its window"),
    "the window ended yesterday": ({"end": "2024-05-08"}, [YESTERDAY], "outside its window"),
    "the last day of the window": ({"end": "2024-05-09"}, [YESTERDAY], "late"),
    "before the window": ({"start": "2024-05-10"}, [], "outside its window"),
    "the first day of the window": ({"start": "2024-05-09"}, [YESTERDAY], "late"),
    "weekly, not due": ({"cron": "0 3 * * 1"}, [run(datetime(2024, 5, 6, 3, tzinfo=UTC))],
                        "in time"),
    "another zone": ({"timezone": "America/New_York", "late_after": "6h"}, [YESTERDAY], "in time"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_night_is_late_only_if_it_was_due_and_never_began(name: str) -> None:
    schedule, runs, expected = CASES[name]
    if name == "another zone":  # 3:00 in New York is 7:00 UTC, so yesterday's was the last due
        runs = [run(datetime(2024, 5, 9, 7, tzinfo=UTC))]
    assert watch_night(spec(**schedule), runs, now=NOW).state == expected


def test_the_sentence_says_when_it_was_due_and_what_to_do() -> None:
    said = str(watch_night(spec(), [YESTERDAY], now=NOW))
    assert "due at 2024-05-10 03:00 UTC never began" in said
    assert "the last one was as of 2024-05-09" in said
    assert "tea__train is not paused" in said
