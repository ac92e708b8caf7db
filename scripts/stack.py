"""Start, show and end Airflow and the MLflow server on this machine: `stack.py up|down|status`."""

from __future__ import annotations

import argparse
import fcntl
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_home import PROJECT, USER, stack_environment, write_home
from health import airflow_health, mlflow_answers
from processes import Stack, end, load_stack, save_stack, start
from progress import LiveLine

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORTS = {"airflow": ("LAMPLIGHTER_PORT", 8080), "mlflow": ("LAMPLIGHTER_MLFLOW_PORT", 5000)}
_PATIENCE_S = 240.0
_SLOW_S = 60.0


class StackError(Exception):
    """Something that the person who typed `make up` can put right."""


def main() -> int:
    """Do what the command line asks. Return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    command = parser.parse_args().command
    try:
        if command == "up":
            up(home())
        else:
            for var in (home(), demo_home()):
                {"down": down, "status": status}[command](var)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; `make down` ends what is still running", file=sys.stderr)
        return 130
    return 0


def home() -> Path:
    """Return the folder under which everything is kept: LAMPLIGHTER_HOME, or the project's var."""
    return Path(os.environ.get("LAMPLIGHTER_HOME") or PROJECT / "var").resolve()


def demo_home() -> Path:
    """Return the folder of the demo, which is another Airflow and leaves the first one alone."""
    return home() / "demo"


def up(var: Path, *, extra_env: dict[str, str] | None = None) -> Stack:
    """Start everything, wait until it is healthy, and print where to look."""
    with _alone(var):
        stack = load_stack(_file(var))
        if stack is not None and _answers(stack):
            print("already up")
        else:
            if stack is not None:
                end(stack)
            stack = _start_all(var, extra_env or {})
    _print_where(stack)
    return stack


def down(var: Path) -> None:
    """End exactly what `up` started, also when parts of it have crashed."""
    if load_stack(_file(var)) is None:
        print(f"nothing is up under {_short(var)}")
        return
    with _alone(var):
        stack = load_stack(_file(var))
        if stack is None:
            return
        crashed = ", ".join(started.name for started in stack.dead)
        count = end(stack)
        _file(var).unlink()
    died = f" ({crashed} had died before)" if crashed else ""
    print(f"ended {count} processes under {_short(var)}{died}")


def status(var: Path) -> None:
    """Print each process and whether it runs."""
    stack = load_stack(_file(var))
    if stack is None:
        print(f"nothing is up under {_short(var)}")
        return
    for started in stack.processes:
        print(f"{started.name:14} {'runs' if started.alive else 'has died'}  {started.log}")
    if not stack.dead:
        _print_where(stack)


def _start_all(var: Path, extra_env: dict[str, str]) -> Stack:
    began = time.monotonic()
    stack = Stack.new(_choose_ports())
    airflow_port, mlflow_port = stack.ports["airflow"], stack.ports["mlflow"]
    password = write_home(var / "airflow", port=airflow_port)
    stack = replace(stack, facts={"password": password, "started_at": time.time()})
    save_stack(stack, _file(var))
    env = stack_environment(var, mlflow_port=mlflow_port) | extra_env
    try:
        with LiveLine("starting") as line:
            stack = _start(stack, "mlflow", _mlflow_command(var, mlflow_port), env, var)
            line.show("creating Airflow's database")
            _migrate(env, var)
            # In this order: a scheduler that sends tasks to no api-server wastes their first try.
            stack = _start(stack, "api-server", [*_airflow(), "api-server"], env, var)
            stack = _start(stack, "dag-processor", [*_airflow(), "dag-processor"], env, var)
            _wait(stack, line, ["mlflow", "api-server"])
            stack = _start(
                stack, "scheduler", [*_airflow(), "scheduler", "--skip-serve-logs"], env, var
            )
            stack = _start(
                stack, "triggerer", [*_airflow(), "triggerer", "--skip-serve-logs"], env, var
            )
            _wait(stack, line, ["dag-processor", "scheduler"])
    except BaseException:
        end(stack, grace_s=5)
        _file(var).unlink(missing_ok=True)
        raise
    print(f"up after {time.monotonic() - began:.0f} s")
    return stack


def _start(stack: Stack, name: str, command: list[str], env: dict[str, str], var: Path) -> Stack:
    log = var / "logs" / f"{name}.log"
    started = start(name, command, stack=stack, env=env, log=log, cwd=var)
    stack = stack.with_process(started)
    save_stack(stack, _file(var))
    return stack


def _migrate(env: dict[str, str], var: Path) -> None:
    done = subprocess.run(
        [*_airflow(), "db", "migrate"], env=env, cwd=var, capture_output=True, text=True
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise StackError(
            f"{tail}\n\nAirflow's database under {var / 'airflow'} could not be brought up to "
            "date; the lines above say why"
        )
    if (var / "ledger.db").exists():
        # The ledger of an older version, in this machine's own file.
        upgrade = [sys.executable, "-m", "lamplighter.cli.main", "upgrade"]
        done = subprocess.run(upgrade, env=env, cwd=var, capture_output=True, text=True)
        if done.returncode != 0:
            raise StackError(done.stderr.strip())


def _wait(stack: Stack, line: LiveLine, names: list[str]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    waiting = list(names)
    while waiting:
        for started in stack.dead:
            tail = "\n".join(Path(started.log).read_text(errors="replace").splitlines()[-15:])
            raise StackError(f"{tail}\n\n{started.name} ended at once; its log is {started.log}")
        if time.monotonic() > deadline:
            logs = ", ".join(s.log for s in stack.processes if s.name in waiting)
            raise StackError(
                f"{' and '.join(waiting)} did not become healthy within {_PATIENCE_S:.0f} s; "
                f"look at {logs}"
            )
        waiting = [name for name in waiting if name not in _healthy_names(stack)]
        line.show(f"waiting for {', '.join(waiting)}" if waiting else "")
        time.sleep(0.3)


def _healthy_names(stack: Stack) -> set[str]:
    airflow: set[str] = airflow_health(stack.ports["airflow"], since=stack.facts["started_at"])
    return airflow | ({"mlflow"} if mlflow_answers(stack.ports["mlflow"]) else set())


def _answers(stack: Stack, *, for_s: float = _SLOW_S) -> bool:
    """Ask until all are healthy: a busy machine is slow, and slow is no reason to start anew."""
    wanted = {"mlflow", "api-server", "dag-processor", "scheduler"}
    deadline = time.monotonic() + for_s
    while not stack.dead:
        if wanted <= _healthy_names(stack):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(1.0)
    return False


def _airflow() -> list[str]:
    return [sys.executable, "-m", "airflow"]


def _mlflow_command(var: Path, port: int) -> list[str]:
    # The files lie where the library looks without a server too, so that both see the same.
    artifacts = var / "mlartifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    options = {
        "--backend-store-uri": f"sqlite:///{var / 'mlflow.db'}",
        "--default-artifact-root": artifacts.as_uri(),
        "--host": "127.0.0.1",
        "--port": str(port),
        "--workers": "1",
    }
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--no-serve-artifacts",
        *(x for o in options.items() for x in o),
    ]


def _choose_ports() -> dict[str, int]:
    chosen: dict[str, int] = {}
    for name, (variable, usual) in _PORTS.items():
        wanted = os.environ.get(variable)
        if wanted is None:
            chosen[name] = next(
                p for p in range(usual, 65_536) if p not in chosen.values() and _is_free(p)
            )
            if chosen[name] != usual:
                print(f"port {usual} is taken, so {name} uses {chosen[name]}")
        elif not wanted.isdecimal() or not 0 < int(wanted) < 65_536:
            raise StackError(f"{variable} is {wanted!r}, expected a port number from 1 to 65535")
        elif not _is_free(int(wanted)):
            raise StackError(
                f"{variable} is {wanted}, and another program listens on that port; "
                "choose another, or unset it to have a free one chosen"
            )
        else:
            chosen[name] = int(wanted)
    return chosen


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _print_where(stack: Stack) -> None:
    print(
        f"\n  Airflow  http://127.0.0.1:{stack.ports['airflow']}"
        f"   user {USER}, password {stack.facts['password']}"
        f"\n  MLflow   http://127.0.0.1:{stack.ports['mlflow']}\n"
    )


def _short(path: Path) -> Path:
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path


def _file(var: Path) -> Path:
    return var / "run" / "stack.json"


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    lock = var / "run" / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(
                "another `make up`, `make down` or `make demo` is at work here; let it finish"
            ) from None
        yield


if __name__ == "__main__":
    sys.exit(main())
