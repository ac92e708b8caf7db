"""Where a task runs, how long it may take, and what happens when it fails."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lamplighter_airflow.assets import model_outlet
from lamplighter_airflow.notifiers.failure import FailureNotifier

if TYPE_CHECKING:
    from lamplighter.spec import ModelSpec
    from lamplighter_airflow.assets import Announced

_SHORT = timedelta(minutes=15)
_LONG = timedelta(hours=2)
_UNREPORTED = ("resolve_spec", "report_run")
_OUTLETS: dict[str, Announced] = {"validate_data": "snapshot", "release_model": "champion"}
_TIMEOUTS = dict.fromkeys(
    ("ingest_data", "select_features", "score_interval", "evaluate_interval"), _LONG
)


def default_args(spec: ModelSpec) -> dict[str, Any]:
    """Return what every task of a model's DAGs has.

    Retries are for what may pass: a source or the registry that does not answer, a worker that
    was killed. They wait about 10, 20, 40, 80 and 160 s: five minutes, in which a server has
    restarted on a busy machine too. An operator fails at once on anything else.
    """
    return {
        "owner": spec.owner.team,
        "pool": spec.schedule.pool,
        "retries": 5,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "execution_timeout": _SHORT,
        "spec_digest": spec.digest,
    }


def step_args(spec: ModelSpec, step: str, *, reported: bool = True) -> dict[str, Any]:
    """Return what the task of one step is told beside `default_args`, as `schedule.steps` says.

    Where no report will speak of its failure, the owner is told at once.
    """
    asked = spec.schedule.steps.get(step)  # type: ignore[call-overload]
    args: dict[str, Any] = {"task_id": step, "execution_timeout": _timeout(step, spec)}
    if step in _OUTLETS:
        args["outlets"] = [model_outlet(spec.model, _OUTLETS[step])]
    if not reported or step in _UNREPORTED:
        args["on_failure_callback"] = FailureNotifier(model=spec.model, owner=spec.owner)
    if asked is None:
        return args
    given = {"execution_timeout": asked.timeout, "pool": asked.pool, "queue": asked.queue}
    args |= {name: value for name, value in given.items() if value is not None}
    if asked.executor_config:
        args["executor_config"] = asked.executor_config
    return args


def dag_access(spec: ModelSpec) -> dict[str, dict[str, set[str]]] | None:
    """Return who may do what with a model's DAGs; None leaves it to how Airflow is set up."""
    if not spec.owner.access:
        return None
    return {role: {"DAGs": set(allowed)} for role, allowed in sorted(spec.owner.access.items())}


def _timeout(step: str, spec: ModelSpec) -> timedelta:
    """Return how long a step may take; those that train get the largest budget on top."""
    if step in ("tune_model", "train_ensemble"):
        return _LONG + timedelta(seconds=spec.search.max_budget_s)
    return _TIMEOUTS.get(step, _SHORT)
