"""What `make up` and `make down` say when they cannot do what was asked."""

import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Stack, Started, save_stack

import stack as script

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "stack.py"


def stack(command, home, **env):
    """Run the script on a home of its own."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), command],
        env={**os.environ, "LAMPLIGHTER_HOME": str(home), **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_port_that_was_asked_for_and_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = stack("up", tmp_path, LAMPLIGHTER_PORT=port)
    assert done.returncode == 1
    assert f"LAMPLIGHTER_PORT is {port}, and another program listens on that port" in done.stderr
    assert not (tmp_path / "run" / "stack.json").exists()


@pytest.mark.parametrize("wrong", ["eighty", "0", "70000"])
def test_a_port_that_is_none_is_refused(tmp_path, wrong):
    done = stack("up", tmp_path, LAMPLIGHTER_MLFLOW_PORT=wrong)
    assert done.returncode == 1
    assert f"LAMPLIGHTER_MLFLOW_PORT is '{wrong}', expected a port number" in done.stderr


def test_ending_nothing_is_no_error(tmp_path):
    done = stack("down", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing is up" in done.stdout


def test_two_at_once_do_not_mix(tmp_path):
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = stack("up", tmp_path)
    assert done.returncode == 1
    assert "another `make up`, `make down` or `make demo` is at work here" in done.stderr


def test_a_stack_that_is_only_slow_to_answer_is_left_alone(tmp_path, monkeypatch, capsys):
    all_of_them = {"mlflow", "api-server", "dag-processor", "scheduler"}
    answers = iter([set(), {"mlflow"}, all_of_them])
    running = Stack(token="t", ports={"airflow": 1, "mlflow": 2}, facts={"password": "p"})
    (tmp_path / "run").mkdir()
    save_stack(running, tmp_path / "run" / "stack.json")
    monkeypatch.setattr(script, "_healthy_names", lambda _: next(answers))
    monkeypatch.setattr(script.time, "sleep", lambda _: None)
    monkeypatch.setattr(script, "end", lambda _: pytest.fail("the stack was ended"))
    assert script.up(tmp_path) == running
    assert "already up" in capsys.readouterr().out
    assert list(answers) == []


def test_a_stack_of_which_a_part_died_is_not_waited_for(monkeypatch):
    gone = Started(name="scheduler", pid=2**22 + 1, birth="never", log="")
    monkeypatch.setattr(script, "_healthy_names", lambda _: pytest.fail("it was asked"))
    assert not script._answers(Stack(token="t", ports={}, processes=(gone,)))
