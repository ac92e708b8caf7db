"""Operator of the resolve-spec step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.as_of import night_id, run_actor, run_request
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lamplighter.contracts import RunRef


class ResolveSpecOperator(LamplighterOperator):
    """Fix what this run will do, before it does anything. Returns a `RunRef` as JSON.

    Parameters
    ----------
    spec_path : str
        The model's YAML file.
    settles : bool
        Whether approvals that nobody gave in time lapse now, and what follows is done: a run that
        was killed while it waited cannot do it itself.
    """

    step_doc = (
        "Reads the spec and the form, refuses what does not fit, and stores both in the ledger. "
        "All later tasks of this run use what was stored, whatever the file says by then."
    )

    def __init__(self, *, spec_path: str, settles: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec_path = spec_path
        self.settles = settles

    def execute(self, context: Context) -> dict[str, Any]:
        """Store the resolved spec and the run's effective parameters, once."""
        with self.meaningful_errors():
            run = resolved_run(self.spec_path, context)
        self.log.info("%s as of %s on timeline %s", run.model, run.as_of, run.timeline)
        if self.settles:
            from lamplighter.steps.answer_approval import settle_overdue

            with self.night(context) as night:
                settle_overdue(night)
        return run.model_dump(mode="json")


def resolved_run(spec_path: str, context: Context, *, run_id: str | None = None) -> RunRef:
    """Fix what a run will do, once per run id, which is the night's unless given."""
    from lamplighter.steps.night import Stores
    from lamplighter.steps.resolve_spec import resolve_spec

    dag_run = context["dag_run"]
    return resolve_spec(
        spec_path,
        run_request(dag_run, context["params"]),
        run_id=run_id or night_id(dag_run),
        actor=run_actor(dag_run),
        stores=Stores.from_environment(),
    )
