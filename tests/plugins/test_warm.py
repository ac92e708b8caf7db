"""Importing the heavy libraries before tasks are forked."""

import json
import subprocess
import sys

PROBE = """
import json, os, sys
threads = lambda: len(os.listdir("/proc/self/task"))
sys.argv = ["airflow", sys.argv[1]]
before = threads()
from lamplighter_airflow.warm import HEAVY, NO_THREADS, warm_up
warm_up()
print(json.dumps({
    "started": threads() - before,
    "cold": [name for name in HEAVY if name not in sys.modules],
    "deltalake": "deltalake" in sys.modules,
    "told": [name for name in NO_THREADS if name in os.environ],
}))
"""


def probe(command):
    """Return what warming up does in a process that runs `airflow <command>`."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, command], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_scheduler_imports_everything_and_starts_no_thread():
    found = probe("scheduler")
    assert found["cold"] == []
    assert found["started"] == 0
    assert not found["deltalake"], "its runtime panics in a child whose parent has used it"
    assert found["told"] == [], "tasks must be free to use both cores"


def test_other_processes_of_airflow_import_nothing():
    assert len(probe("api-server")["cold"]) > 5
