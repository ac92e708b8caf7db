"""What a DAG run asks for: its `as_of`, its timeline, its actor and the values of the form."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk.types import DagRunProtocol

_NOT_IN_A_TIMELINE = re.compile(r"[^A-Za-z0-9_.:+-]")


def resolve_as_of(dag_run: DagRunProtocol, form_value: str | None = None) -> datetime:
    """Return the instant that a DAG run pretends is now.

    In this order: the form's value, the end of the run's data interval, its logical date, and
    `run_after`, which every run has. The clock is never asked, so a run that is cleared next
    week is the same run again.

    Raises
    ------
    UsageError
        If the form's value is not a time with its zone.
    """
    if form_value:
        return parse_instant(form_value, name="as_of")
    return dag_run.data_interval_end or dag_run.logical_date or dag_run.run_after


def parse_instant(value: str, *, name: str) -> datetime:
    """Read a form's time; one without a zone is refused, since nobody can say what it means."""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UsageError(
            f"{name} is {value!r}, expected a time with its zone such as 2013-07-01T04:00:00-04:00"
        )
    return instant


def run_request(dag_run: DagRunProtocol, form: Mapping[str, Any]) -> RunRequest:
    """Translate a DAG run and its form into what `resolve_spec` understands.

    A backfill is a dry run on a timeline of its own: it moves no alias and releases nothing.

    Raises
    ------
    UsageError
        If a value of the form cannot be used.
    """
    knowledge_time = form.get("knowledge_time")
    timeline = run_timeline(dag_run)
    asked = {
        "as_of": resolve_as_of(dag_run, form.get("as_of")),
        "knowledge_time": parse_instant(knowledge_time, name="knowledge_time")
        if knowledge_time
        else None,
        "force_retrain": form.get("force_retrain", False),
        "gate_mode": form.get("gate_mode"),
        "budget_s": form.get("budget_s"),
        "trials": form.get("trials"),
        "dry_run": form.get("dry_run", False) or timeline != "live",
        "reason": form.get("reason") or "",
        "timeline": timeline,
    }
    try:
        return RunRequest.model_validate(asked)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in e['loc'])} is {e['input']!r}: {e['msg'].lower()}"
            for e in error.errors()
        )
        raise UsageError(f"the form cannot be used: {problems}") from None


def is_backfill(dag_run: DagRunProtocol) -> bool:
    """Whether this run belongs to a backfill, also if the run existed before it."""
    return str(getattr(dag_run.run_type, "value", dag_run.run_type)) == "backfill"


def run_timeline(dag_run: DagRunProtocol) -> str:
    """Return `live`, or a simulated timeline of its own for a backfill."""
    if not is_backfill(dag_run):
        return "live"
    return f"simulated:{_NOT_IN_A_TIMELINE.sub('-', dag_run.run_id)}"


def night_id(dag_run: DagRunProtocol) -> str:
    """Return the id under which the ledger knows this run.

    A backfill may take over a run that was live before, with its run id. It is another night.
    """
    name = f"{dag_run.dag_id}/{dag_run.run_id}"
    taken_over = is_backfill(dag_run) and not dag_run.run_id.startswith("backfill__")
    return f"{name}/backfill" if taken_over else name


def question_id(dag_run: DagRunProtocol, request: RunRequest, *, spec_digest: str) -> str:
    """Return the id of a run of one task, which may be asked something else when it runs again.

    A backfill may take over a run that is over, with another form or after the spec was changed;
    under the same id the ledger would keep what it was asked first.
    """
    asked = f"{spec_digest} {request.model_dump_json()}"
    return f"{night_id(dag_run)}/{hashlib.sha256(asked.encode()).hexdigest()[:8]}"


def run_actor(dag_run: DagRunProtocol) -> Actor:
    """Say who started the run: the scheduler, or the user whom Airflow names."""
    kind = str(getattr(dag_run.run_type, "value", dag_run.run_type))
    if kind == "scheduled":
        return Actor(name="scheduler", kind="airflow")
    user = getattr(dag_run, "triggering_user_name", None)
    return Actor(name=user or f"unknown ({kind} run)", kind="airflow")
