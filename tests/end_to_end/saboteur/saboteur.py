"""An Airflow plugin of these tests alone: spoils a task from inside its own process, on order.

An order is a file `<dag_id>.<task_id>.json` in the folder that `LAMPLIGHTER_TEST_ORDERS` names. It
says at which function something happens, before or after it ran, and what: `raise` fails every
try for good; `hold` lets one process take the order, write down its id, and wait until it is killed
or the taken order is gone. Without a file nothing happens, and production code knows of none.
"""

import functools
import importlib
import json
import os
import time
from pathlib import Path

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class Saboteur:
    """Hears in the task's process that the task is about to execute."""

    @hookimpl
    def on_task_instance_running(self, previous_state, task_instance):
        place = Path(os.environ["LAMPLIGHTER_TEST_ORDERS"])
        order = place / f"{task_instance.dag_id}.{task_instance.task_id}.json"
        if order.exists():
            spoil(**json.loads(order.read_text()), order=order)


def spoil(*, at, when, act, order):
    """Wrap the function `module:name` so that the act happens before or after it."""
    module, _, names = at.partition(":")
    *owners, name = names.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    work = getattr(owner, name)

    @functools.wraps(work)
    def spoiled(*args, **kwargs):
        if when == "before":
            ACTS[act](order)
        done = work(*args, **kwargs)
        if when == "after":
            ACTS[act](order)
        return done

    setattr(owner, name, spoiled)


def fail(order):
    """Raise what no retry will repair."""
    from lamplighter.errors import TrainingError

    raise TrainingError(f"{order.stem} was told to fail")


def hold(order):
    """Take the order away from later tries, say which process has it, and wait."""
    held = order.with_suffix(".held")
    try:
        order.rename(held)
    except FileNotFoundError:
        return  # another process was first
    order.with_suffix(".pid").write_text(str(os.getpid()))
    while held.exists():
        time.sleep(0.05)


ACTS = {"raise": fail, "hold": hold}


class SaboteurPlugin(AirflowPlugin):
    name = "saboteur"
    listeners = [Saboteur()]  # noqa: RUF012 (as Airflow declares it)
