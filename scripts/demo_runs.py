"""Following runs of the demo's Airflow: which step of which night is at work."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_rest import AirflowClient
    from progress import LiveLine

_ASKED_EVERY_S = 0.7
_PATIENCE_S = 300.0
_OVER = ("success", "failed")
_DONE = (*_OVER, "skipped", "upstream_failed")


class DemoError(Exception):
    """The demo cannot go on, with what to look at."""


@dataclass(frozen=True)
class EndedRun:
    """A run that is over: how it ended, how long it took, and which of its tasks failed."""

    dag_id: str
    run_id: str
    state: str
    seconds: float
    failed_tasks: tuple[str, ...]


def follow(
    client: AirflowClient,
    dag_id: str,
    run_id: str,
    *,
    line: LiveLine,
    check: Callable[[], None],
    patience_s: float = _PATIENCE_S,
) -> EndedRun:
    """Show a run's steps until it is over.

    Parameters
    ----------
    check : callable
        Called each time; raises when waiting on makes no sense, as when Airflow has died.
    patience_s : float
        How long nothing may change, in seconds.

    Raises
    ------
    DemoError
        If nothing has changed for so long.
    """
    line.show("waiting for its turn")
    changed_at, seen = time.monotonic(), ""
    while True:
        check()
        try:
            run, tasks = client.run(dag_id, run_id), client.tasks(dag_id, run_id)
        except OSError:  # a busy machine answers late
            run, tasks = {}, []
        if run.get("state") in _OVER:
            return _ended(run, tasks)
        text = steps_at_work(tasks)
        if text and text != seen:
            changed_at, seen = time.monotonic(), text
            line.show(text)
        if time.monotonic() - changed_at > patience_s:
            raise DemoError(
                f"{dag_id}, run {run_id}: nothing has changed for {patience_s:.0f} s, last seen: "
                f"{seen or 'waiting for its turn'}"
            )
        time.sleep(_ASKED_EVERY_S)


def scheduled_run(
    client: AirflowClient,
    dag_id: str,
    *,
    as_of: datetime,
    check: Callable[[], None],
    patience_s: float = _PATIENCE_S,
) -> str:
    """Wait until the scheduler has made the run of an interval that ends at `as_of`.

    Raises
    ------
    DemoError
        If it does not come.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        check()
        try:
            found = [run for run in client.runs(dag_id) if _is_scheduled(run, as_of)]
        except OSError:
            found = []
        if found:
            return str(found[0]["dag_run_id"])
        time.sleep(_ASKED_EVERY_S)
    raise DemoError(
        f"the scheduler has started no run of {dag_id} as of {as_of.isoformat()} for "
        f"{patience_s:.0f} s"
    )


def steps_at_work(tasks: list[dict[str, Any]]) -> str:
    """Say in a few words where a run is; nothing between two steps.

    >>> done, now = {"task_id": "a", "state": "success"}, {"task_id": "b", "state": "running"}
    >>> steps_at_work([done, now, now])
    'b (2 at work), 1 of 3 done'
    >>> steps_at_work([done, {"task_id": "b", "state": "up_for_retry"}])
    'b failed and will be tried again, 1 of 2 done'
    """
    done = sum(task["state"] in _DONE for task in tasks)
    running = [task["task_id"] for task in tasks if task["state"] == "running"]
    waiting = [task["task_id"] for task in tasks if task["state"] == "up_for_retry"]
    now = [
        name if running.count(name) == 1 else f"{name} ({running.count(name)} at work)"
        for name in dict.fromkeys(running)
    ]
    again = [f"{name} failed and will be tried again" for name in dict.fromkeys(waiting)]
    return ", ".join([*now, *again, f"{done} of {len(tasks)} done"]) if now or again else ""


def _is_scheduled(run: dict[str, Any], as_of: datetime) -> bool:
    ends = run.get("data_interval_end")
    return (
        run["run_type"] == "scheduled"
        and ends is not None
        and datetime.fromisoformat(ends) == as_of
    )


def _ended(run: dict[str, Any], tasks: list[dict[str, Any]]) -> EndedRun:
    began, ended = (datetime.fromisoformat(run[key]) for key in ("start_date", "end_date"))
    failed = (task["task_id"] for task in tasks if task["state"] == "failed")
    return EndedRun(
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        state=run["state"],
        seconds=(ended - began).total_seconds(),
        failed_tasks=tuple(dict.fromkeys(failed)),
    )
