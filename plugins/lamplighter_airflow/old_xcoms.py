"""Deleting old XComs of Lamplighter's DAGs, with Airflow's own command.

A task has no access to Airflow's database. A process of its own has, where the database stands in
`airflow.cfg` of the machine, as on a single one. Elsewhere nobody is tricked: the duty says which
command to run where the database can be reached.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.errors import SourceUnavailableError
from lamplighter_airflow.maintain_dag import MAINTAIN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lamplighter.contracts import Upkeep
    from lamplighter.steps.upkeep.round import Round

_DAGS_AT_ONCE = 1_000
_TIMEOUT_S = 600
_HIDDEN = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__SQL_ALCHEMY_CONN")


def delete_old_xcoms(task: Round) -> Upkeep:
    """Delete the XComs of Lamplighter's DAGs that are older than the limit.

    Raises
    ------
    SourceUnavailableError
        If Airflow's command failed. Trying again may help.
    """
    from lamplighter_airflow.dag_builder import BUILDERS

    models = task.stores.ledger.models()
    dags = sorted([MAINTAIN, *(f"{m}__{process}" for m in models for process in BUILDERS)])
    before = f"{task.before(days=task.keep.xcoms_days):%Y-%m-%dT%H:%M:%S+00:00}"
    found = []
    if not has_database():
        command = " ".join(_command(["<dags>"], before)[2:])
        found = [
            "XComs were not deleted: this machine has no access to Airflow's database. Have it "
            f"done daily on one that has: {command}, with the ids of Lamplighter's DAGs, "
            "separated by commas"
        ]
        return task.report("delete_old_xcoms", done=[], found=found)
    for some in batched(dags, _DAGS_AT_ONCE):
        _run(_command(some, before) + (["--dry-run"] if task.dry_run else []))
    done = [f"deleted the XComs of {len(models)} models from before {before[:10]}"]
    return task.report("delete_old_xcoms", done=done)


def has_database() -> bool:
    """Say whether this machine's `airflow.cfg` names a database that is there."""
    home = Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser()
    config = configparser.RawConfigParser(strict=False)
    config.read(os.environ.get("AIRFLOW_CONFIG", str(home / "airflow.cfg")))
    url = config.get("database", "sql_alchemy_conn", fallback="").strip()
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///").partition("?")[0]).is_file()
    return bool(url)


def _command(dags: Iterable[str], before: str) -> list[str]:
    return [
        sys.executable, "-m", "airflow", "db", "clean", "--tables", "xcom",
        "--dag-ids", ",".join(dags), "--clean-before-timestamp", before, "--skip-archive", "--yes",
    ]  # fmt: skip


def _run(command: list[str]) -> None:
    # What Airflow sets in a task to keep it from the database is not for a process of its own.
    env = {k: v for k, v in os.environ.items() if k not in _HIDDEN and not k.startswith("_AIRFLOW")}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        raise SourceUnavailableError(
            f"'airflow db clean' did not end within {_TIMEOUT_S} s; look at Airflow's database"
        ) from None
    if done.returncode != 0:
        said = re.sub(r"://[^/\s@]+@", "://", (done.stderr.strip() or "nothing").splitlines()[-1])
        raise SourceUnavailableError(f"'airflow db clean' failed: {said}")
