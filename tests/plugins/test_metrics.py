"""A night's numbers, as a StatsD server receives them from Airflow."""

import contextlib
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from lamplighter.contracts import Actor, RunRef, RunReport, SearchRef, SnapshotRef
from lamplighter_airflow import metrics

NIGHT = datetime(2024, 2, 20, tzinfo=UTC)
SEND = """
from airflow.sdk._shared.observability.metrics import stats
from airflow.sdk.observability.metrics import stats_utils
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=False)
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("these", sys.argv[1])
these = module_from_spec(spec); spec.loader.exec_module(these)
these.send()
"""


def run(**others):
    values = {
        "run_key": "tea/1", "model": "tea", "spec_digest": "s", "as_of": NIGHT,
        "knowledge_time": NIGHT, "timeline": "live", "force_retrain": False,
        "gate_mode": "enforce", "budget_s": None, "trials": 1, "dry_run": False, "reason": "",
        "actor": Actor(name="scheduler", kind="airflow"),
    }  # fmt: skip
    return RunRef.model_validate({**values, **others})


def send(night=None):
    night = night or run()
    report = RunReport(
        run_key="tea/1", model="tea", as_of=NIGHT, outcome="promote", sentences=("It happened.",)
    )
    outcomes = {
        "validate_data": SnapshotRef(
            as_of=NIGHT, knowledge_time=NIGHT, digest="d", tables={}, quarantined=12
        ),
        "tune_model": SearchRef(
            key="s", trials=40, failed_trials=2, best_loss=0.1, best_algorithm="linear", seconds=9
        ),
        "check_leakage": None,
    }
    metrics.count_night(night, report, outcomes, {"tune_model": 9.5})


def test_a_statsd_server_receives_the_numbers_of_a_night():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        env = {
            **os.environ,
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(server.getsockname()[1]),
        }
        subprocess.run([sys.executable, "-c", SEND, __file__], env=env, check=True)
        server.setblocking(False)  # on one machine, what was sent has arrived
        received = set()
        with contextlib.suppress(BlockingIOError):
            while True:
                received.add(server.recv(1024).decode())
    assert {line for line in received if "lamplighter" in line} == {
        "airflow.lamplighter.tea.night.promote:1|c",
        "airflow.lamplighter.tea.quarantined:12|g",
        "airflow.lamplighter.tea.warnings:0|g",
        "airflow.lamplighter.tea.trials:40|g",
        "airflow.lamplighter.tea.failed_trials:2|g",
        "airflow.lamplighter.tea.step.tune_model:9500.000000|ms",
    }


@pytest.mark.parametrize("other", [{"timeline": "simulated:x"}, {"dry_run": True}], ids=str)
def test_a_backfill_and_a_dry_run_are_not_counted(monkeypatch, other):
    monkeypatch.setattr(metrics.stats, "incr", lambda *_: pytest.fail("it was counted"))
    send(run(**other))


def test_a_statistics_client_that_breaks_hinders_no_night(monkeypatch, caplog):
    def broken(*_):
        raise OSError("no route to host")

    monkeypatch.setattr(metrics.stats, "incr", broken)
    send()
    assert "the night's metrics could not be sent" in caplog.text
