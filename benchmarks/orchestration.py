"""What Airflow costs a night: run duration minus the execute times on its critical path.

Reads finished nights of an Airflow that is up: its task instances by the REST API, and its task
logs, which say when a task's process was there, when it had read the DAG file, and when `execute`
began and ended.

    make demo
    .venv/bin/python benchmarks/orchestration.py              # the nights of the demo
    .venv/bin/python benchmarks/orchestration.py --home var   # those of `make up`

How to read it: seconds, each the median over the nights. `queue` is from the end of the step
before until the scheduler has queued the task, `start` until its process is there, `import` until
`execute` begins (the process reads the DAG file), `execute` is the step itself, `close` is from
there until Airflow has noted the end. `libraries` is the part of `execute` that a process forked
from a warm scheduler needs to import what the step uses. Of mapped tasks the slowest counts. The
last line is what the target of 45 s is about.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "scripts"))

from airflow_home import USER  # noqa: E402
from airflow_rest import AirflowClient  # noqa: E402
from processes import load_stack  # noqa: E402

TARGET_S = 45.0
PHASES = ("queue", "start", "import", "execute", "close")

_PROBE = """
import os, sys, time
sys.argv = ["airflow", "scheduler", sys.argv[1]]
from lamplighter_airflow.warm import warm_up
warm_up()
for step in sys.stdin.read().split():
    read, write = os.pipe()
    if os.fork() == 0:
        from lamplighter_airflow import build_dags
        build_dags(sys.argv[2], namespace={})
        began = time.monotonic()
        import lamplighter.steps.night
        __import__(f"lamplighter.steps.{step}")
        os.write(write, f"{step} {time.monotonic() - began:.3f}".encode())
        os._exit(0)
    os.wait()
    print(os.read(read, 1000).decode(), flush=True)
"""


@dataclass(frozen=True)
class Night:
    """One run: how long it took, and the phases of each of its steps, in seconds."""

    run_id: str
    seconds: float
    steps: dict[str, dict[str, float]]

    @property
    def overhead(self) -> float:
        """The duration without the execute times of the steps, which follow one another."""
        return self.seconds - sum(step["execute"] for step in self.steps.values())


def main() -> int:
    """Print the table. Return 1 if the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, default=PROJECT / "var" / "demo")
    parser.add_argument("--dag", default="flights__train")
    parser.add_argument("--nights", type=int, default=3, help="the newest so many")
    options = parser.parse_args()
    home = options.home.resolve()
    stack = load_stack(home / "run" / "stack.json")
    if stack is None:
        print(f"no Airflow is up under {home}; run `make demo` first, or give --home")
        return 2
    client = AirflowClient(
        f"http://127.0.0.1:{stack.ports['airflow']}", user=USER, password=stack.facts["password"]
    )
    nights = whole_nights(client, options.dag, home / "airflow" / "logs")[-options.nights :]
    if not nights:
        print(f"{options.dag} has no successful night that trained and judged a model")
        return 2
    return report(nights)


def report(nights: list[Night]) -> int:
    """Print phases per step, and the overhead per night."""
    steps = max((list(night.steps) for night in nights), key=len)
    imports = import_seconds(steps)
    print(f"{len(nights)} nights, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    columns = (*PHASES, "libraries")
    print(f"{'step':20}" + "".join(f"{name:>10}" for name in columns))
    totals = dict.fromkeys(columns, 0.0)
    for step in steps:
        took = [night.steps[step] for night in nights if step in night.steps]
        cells = {name: median(one[name] for one in took) for name in PHASES}
        cells["libraries"] = imports[step]
        print(f"{step:20}" + "".join(f"{cells[name]:>10.2f}" for name in columns))
        totals = {name: total + cells[name] for name, total in totals.items()}
    print(f"{'sum':20}" + "".join(f"{totals[name]:>10.2f}" for name in columns) + "\n")
    for night in nights:
        print(f"{night.run_id}: {night.seconds:.1f} s, of which {night.overhead:.1f} s overhead")
    found = median(night.overhead for night in nights)
    verdict = "within" if found <= TARGET_S else "ABOVE"
    print(f"overhead, median: {found:.1f} s, {verdict} the target of {TARGET_S:.0f} s")
    return 0 if found <= TARGET_S else 1


def whole_nights(client: AirflowClient, dag_id: str, logs: Path) -> list[Night]:
    """Return the successful runs that came to a judgement, the earliest first.

    A step that skips itself, as `release_model` does where nothing is released, counts too.
    """
    nights = []
    for run in sorted(client.runs(dag_id), key=lambda run: run["start_date"] or ""):
        tasks = [t for t in client.tasks(dag_id, run["dag_run_id"]) if t["queued_when"]]
        judged = "decide_promotion" in {task["task_id"] for task in tasks}
        once = all(task["try_number"] == 1 for task in tasks)
        if run["state"] == "success" and judged and once:
            nights.append(measured(run, tasks, logs))
    return nights


def measured(run: dict[str, Any], tasks: list[dict[str, Any]], logs: Path) -> Night:
    """Cut a run into the phases of its steps."""
    began, ended = (datetime.fromisoformat(run[key]) for key in ("start_date", "end_date"))
    steps: dict[str, dict[str, float]] = {}
    ready = began
    for name in dict.fromkeys(t["task_id"] for t in sorted(tasks, key=lambda t: t["start_date"])):
        found = [task for task in tasks if task["task_id"] == name]
        slowest = max(found, key=lambda task: datetime.fromisoformat(task["end_date"]))
        queued, end = (datetime.fromisoformat(slowest[key]) for key in ("queued_when", "end_date"))
        there, begins, finishes = _marks(slowest, logs)
        instants = (ready, queued, there, begins, finishes, end)
        steps[name] = {
            phase: (after - before).total_seconds()
            for phase, before, after in zip(PHASES, instants[:-1], instants[1:], strict=True)
        }
        ready = end
    return Night(run["dag_run_id"], (ended - began).total_seconds(), steps)


def _marks(task: dict[str, Any], logs: Path) -> tuple[datetime, datetime, datetime]:
    """Say when a task's process was there, and when `execute` began and ended, by its log."""
    folder = logs / f"dag_id={task['dag_id']}" / f"run_id={task['dag_run_id']}"
    folder /= f"task_id={task['task_id']}"
    if task["map_index"] >= 0:
        folder /= f"map_index={task['map_index']}"
    lines = [
        json.loads(line)
        for line in (folder / "attempt=1.log").read_text().splitlines()
        if line.startswith("{")
    ]
    events = [(line["event"], datetime.fromisoformat(line["timestamp"])) for line in lines]
    begins = next(at for event, at in events if event == "::endgroup::")
    after = (at for event, at in events if event == "::group::Post Execute")
    finishes = next(after, events[-1][1])  # a step that skips itself has nothing to hand on
    return events[0][1], begins, finishes


def import_seconds(steps: list[str]) -> dict[str, float]:
    """Measure what each step imports in a process forked from a warm one."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, str(PROJECT / "include" / "models")],
        input=" ".join(steps),
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.split() for line in done.stdout.splitlines())
    return {step: float(seconds) for step, seconds in pairs}


if __name__ == "__main__":
    sys.exit(main())
