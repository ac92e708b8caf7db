"""Airflow: what only its own database knows. It is asked by a process of its own.

The library never imports Airflow. Where `lamplighter_airflow` is installed, a process of it answers
one question, in JSON; where Airflow is not set up, nothing is asked, and the doctor says so.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lamplighter.spec import ModelSpec
from lamplighter.steps.doctor.finding import Finding
from lamplighter.steps.doctor.specs import Specs

_ANSWERER = "lamplighter_airflow.answer_doctor"
_TIMEOUT_S = 60


@dataclass(frozen=True)
class AirflowAnswers:
    """What Airflow said. None where it was not asked, or could not be.

    Parameters
    ----------
    connections : dict of str to str, optional
        Those of the connections asked about that exist; with what is wrong, or with nothing.
    """

    trouble: str = ""
    pools: frozenset[str] | None = None
    connections: dict[str, str] | None = None
    import_errors: dict[str, str] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()


class AirflowQuestion:
    """A question to Airflow, which takes seconds to answer: ask it first, and read it last."""

    def __init__(self, connections: list[str], databases: list[str]) -> None:
        self._trouble = _why_not()
        self._process: subprocess.Popen[str] | None = None
        if self._trouble:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", _ANSWERER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._question = json.dumps({"connections": connections, "databases": databases})

    def answers(self) -> AirflowAnswers:
        """Wait for the answer."""
        if self._process is None:
            return AirflowAnswers(self._trouble)
        try:
            said, _ = self._process.communicate(self._question, timeout=_TIMEOUT_S)
            answer: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return AirflowAnswers(f"Airflow did not answer within {_TIMEOUT_S} s")
        except (ValueError, IndexError):
            return AirflowAnswers("Airflow's database could not be asked from here")
        return AirflowAnswers(
            pools=frozenset(answer["pools"]),
            connections=answer["connections"],
            import_errors=answer["import_errors"],
            paused=frozenset(answer["paused"]),
        )


def examine_airflow(specs: Specs, airflow: AirflowAnswers) -> Iterator[Finding]:
    """Say which pools are missing, which DAG files do not load, and what is paused."""
    if airflow.pools is None:
        said = f"pools, connections and DAG files were not looked at: {airflow.trouble}"
        yield Finding("airflow", "note", said)
        return
    yield Finding("airflow", "ok", f"Airflow answers and has {len(airflow.pools)} pools")
    for file, message in sorted(airflow.import_errors.items()):
        yield Finding("DAG file", "wrong", f"{file} does not load: {message}")
    for model, spec in specs.sound.items():
        for pool, where in sorted(_pools(spec).items()):
            if pool not in airflow.pools:
                said = (
                    f"pool {pool!r} of {where} is not in Airflow, so its tasks would never start; "
                    f"add it with 'airflow pools set {pool} SLOTS DESCRIPTION'"
                )
                yield Finding("pool", "wrong", said, model)
        if spec.schedule.cron is not None and f"{model}__train" in airflow.paused:
            said = f"{model}__train is paused: the scheduler starts no nights"
            yield Finding("paused", "note", said, model)
    if "lamplighter__maintain" in airflow.paused:
        yield Finding("paused", "note", "lamplighter__maintain is paused: nothing is tidied")


def _pools(spec: ModelSpec) -> dict[str, str]:
    pools = {spec.schedule.pool: "schedule.pool"}
    for step, resources in spec.schedule.steps.items():
        if resources.pool is not None:
            pools.setdefault(resources.pool, f"schedule.steps.{step}")
    return pools


def _why_not() -> str:
    if "AIRFLOW_HOME" not in os.environ:
        return "AIRFLOW_HOME is not set"
    if not all(importlib.util.find_spec(name) for name in ("airflow", "lamplighter_airflow")):
        return "Airflow is not installed here"
    return ""
