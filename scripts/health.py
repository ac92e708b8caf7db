"""Whether Airflow's parts and the MLflow server answer."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import datetime
from typing import Any

_PARTS = {
    "metadatabase": "api-server",
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}


def airflow_health(port: int, *, since: float) -> set[str]:
    """Return the names of the parts of Airflow that are healthy.

    A heart that last beat before `since` (seconds of the epoch) is an earlier process's.
    """
    report = _get_json(f"http://127.0.0.1:{port}/api/v2/monitor/health")
    if report is None:
        return set()
    return {
        name
        for part, name in _PARTS.items()
        if report.get(part, {}).get("status") == "healthy" and _beats(report[part], part, since)
    }


def mlflow_answers(port: int) -> bool:
    """Whether the MLflow server is there."""
    try:
        with _open(f"http://127.0.0.1:{port}/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _beats(report: dict[str, Any], part: str, since: float) -> bool:
    if part == "metadatabase":
        return True
    beat = report.get(f"latest_{part}_heartbeat")
    return beat is not None and datetime.fromisoformat(beat).timestamp() >= since


def _get_json(url: str) -> dict[str, Any] | None:
    try:
        with _open(url) as answer:
            document: dict[str, Any] = json.load(answer)
            return document
    except (OSError, ValueError):
        return None


def _open(url: str) -> Any:
    # Never through the caller's proxy: these addresses are this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(url, timeout=3)
