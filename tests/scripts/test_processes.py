"""Ending exactly what was started, also after a crash."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from processes import Stack, Started, end, load_stack, save_stack, start

# They are meant to outlive the object that started them.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

# A parent with two children: one in its session, one that has left it as a daemon would.
FAMILY = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def stack(tmp_path):
    """An empty stack, ended after the test whatever happened."""
    made = Stack.new({"airflow": 8080})
    yield made
    end(made, grace_s=0)


def launch(stack, code, tmp_path, name="family"):
    """Start a Python process and wait until it says that it is ready."""
    log = tmp_path / f"{name}.log"
    started = start(
        name,
        [sys.executable, "-c", code],
        stack=stack,
        env=dict(os.environ),
        log=log,
        cwd=tmp_path,
    )
    deadline = time.monotonic() + 20
    while "ready" not in log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return stack.with_process(started)


def alive(pid):
    """Whether a process runs, not counting one that only waits to be reaped."""
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_children_end_with_their_parent_also_the_one_that_left_the_session(stack, tmp_path):
    stack = launch(stack, FAMILY, tmp_path)
    family = psutil.Process(stack.processes[0].pid)
    pids = [family.pid, *(child.pid for child in family.children())]
    assert len(pids) == 3
    assert end(stack) == 3
    assert not any(alive(pid) for pid in pids)


def test_children_of_a_parent_that_was_killed_are_found(stack, tmp_path):
    stack = launch(stack, FAMILY, tmp_path)
    family = psutil.Process(stack.processes[0].pid)
    children = [child.pid for child in family.children()]
    family.send_signal(signal.SIGKILL)
    family.wait(10)
    assert [started.name for started in stack.dead] == ["family"]
    assert end(stack) == 2
    assert not any(alive(pid) for pid in children)


def test_a_process_that_ignores_the_polite_signal_is_killed(stack, tmp_path):
    stack = launch(stack, STUBBORN, tmp_path, name="stubborn")
    assert end(stack, grace_s=0.5) == 1
    assert not alive(stack.processes[0].pid)


def test_a_stranger_with_a_recycled_id_is_left_alone(stack):
    stranger = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    )
    try:
        remembered = Started("scheduler", stranger.pid, birth="another-boot:12345", log="")
        assert end(stack.with_process(remembered)) == 0
        assert alive(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_what_was_written_down_is_read_back(stack, tmp_path):
    stack = launch(stack, FAMILY, tmp_path)
    save_stack(stack, tmp_path / "run" / "stack.json")
    assert load_stack(tmp_path / "run" / "stack.json") == stack
    assert stack.dead == []


def test_no_file_means_no_stack(tmp_path):
    assert load_stack(tmp_path / "stack.json") is None
