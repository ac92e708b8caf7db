"""Processes that we start, and how to end exactly those later, even after a crash.

Every process starts in a session of its own with a random token in its environment. A process id
alone proves nothing (it may have been recycled), so one is ours only if it carries the token, or
belongs to a session whose leader still has the birth that was written down.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
import uuid
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

_TOKEN = "LAMPLIGHTER_STACK"


@dataclass(frozen=True)
class Started:
    """One process: its id, when it was born, and where its output goes."""

    name: str
    pid: int
    birth: str
    log: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _birth(self.pid) == self.birth


@dataclass(frozen=True)
class Stack:
    """What one `up` started. Kept in a file from before the first process until `down`."""

    token: str
    ports: dict[str, int]
    processes: tuple[Started, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def new(cls, ports: dict[str, int]) -> Stack:
        """Return a stack without processes and with a token that nobody else has."""
        return cls(token=uuid.uuid4().hex, ports=ports)

    def with_process(self, started: Started) -> Stack:
        """Return the same stack with one process more."""
        return replace(self, processes=(*self.processes, started))

    @property
    def dead(self) -> list[Started]:
        """The processes that were started and no longer run."""
        return [started for started in self.processes if not started.alive]


def load_stack(path: Path) -> Stack | None:
    """Read the stack that `save_stack` wrote; None if there is none."""
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    processes = tuple(Started(**started) for started in document.pop("processes"))
    return Stack(processes=processes, **document)


def save_stack(stack: Stack, path: Path) -> None:
    """Write the stack, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)  # the stack's password is in it
    partial.write_text(json.dumps(asdict(stack), indent=2))
    partial.replace(path)


def start(
    name: str, command: list[str], *, stack: Stack, env: dict[str, str], log: Path, cwd: Path
) -> Started:
    """Start a process in a session of its own, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    # SPT_NOENV: setproctitle, which Airflow uses, otherwise writes over the environment block.
    marked = {**env, _TOKEN: stack.token, "SPT_NOENV": "1"}
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=marked,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Started(name=name, pid=process.pid, birth=_birth(process.pid) or "", log=str(log))


def end(stack: Stack, *, grace_s: float = 8.0) -> int:
    """End everything that the stack started, and their children. Return how many there were."""
    ended: set[int] = set()
    deadline = time.monotonic() + grace_s
    while found := _members(stack):
        late = time.monotonic() > deadline
        for process in found:
            if late or process.pid not in ended:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGKILL if late else signal.SIGTERM)
            ended.add(process.pid)
        _, alive = psutil.wait_procs(found, timeout=0.3)
        if late and alive:
            time.sleep(0.2)
    return len(ended)


def _members(stack: Stack) -> list[psutil.Process]:
    sessions = {started.pid for started in stack.processes if started.alive}
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _is_ours(process, stack.token, sessions)
    ]


def _is_ours(process: psutil.Process, token: str, sessions: set[int]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if os.getsid(process.pid) in sessions:
            return True
        return bool(process.environ().get(_TOKEN) == token)
    except (psutil.Error, OSError):
        return False


def _birth(pid: int) -> str | None:
    """Say when a process was born, in a way that a change of the wall clock does not change."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            return f"{psutil.Process(pid).create_time():.0f}"
        return None
    state, ticks = stat[0], stat[19]
    return None if state == "Z" else f"{boot}:{ticks}"
