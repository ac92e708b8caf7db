"""Operator of the report-run step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.links import report_url
from lamplighter_airflow.metrics import count_night
from lamplighter_airflow.notifications import tell
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lamplighter.contracts import Contract

_RESULTS = {
    "resolve_spec": "RunRef",
    "ingest_data": "StagedData",
    "validate_data": "SnapshotRef",
    "check_drift": "DriftRef",
    "collect_evidence": "ChallengeRef",
    "decide_retraining": "RetrainingDecision",
    "select_features": "ExamplesRef",
    "check_leakage": "LeakageRef",
    "tune_model": "SearchRef",
    "train_ensemble": "CandidateRef",
    "evaluate_candidate": "EvaluationRef",
    "explain_candidate": "ExplanationRef",
    "decide_promotion": "PromotionDecision",
    "register_model": "VersionRef",
    "approve_promotion": "ApprovalRef",
    "release_model": "ReleaseRef",
}
"""Step and the contract that its task returns, in the order of the night."""

_RAN = ("success", "failed", "skipped")


class ReportRunOperator(LamplighterOperator):
    """Say what was decided and why, also for a night that was stopped. Returns a `RunReport`.

    The teardown of the run: it comes last whatever happened, and does not decide whether the run
    is red. The owner is told of the night by the routes of the spec; a route that does not work
    is logged and breaks nothing.
    """

    step_doc = (
        "Writes the night's report, in sentences, whatever happened before, and tells the owner. A "
        "teardown: it turns no run green or red; if it fails itself, the owner is told that."
    )

    def execute(self, context: Context) -> dict[str, Any]:
        """Gather what every task returned, and write the report."""
        from lamplighter.steps.night_messages import night_messages
        from lamplighter.steps.report_run import report_run

        states = _task_states(context)
        if "success" not in states.get("resolve_spec", ()):
            raise AirflowSkipException("there is no night to report: resolve_spec did not succeed")
        # A cleared task that did not run again still has the XCom of its former run.
        ended_well = [step for step in _RESULTS if "success" in states.get(step, ())]
        outcomes = {step: done for step in ended_well if (done := _outcome(context, step))}
        failed = [step for step in _RESULTS if "failed" in states.get(step, ())]
        with self.night(context) as night:
            # Why a task failed, it has written into the ledger itself.
            seconds = _task_seconds(context)
            report = report_run(night, outcomes, dict.fromkeys(failed, ""), seconds=seconds)
            owner, ti = night.spec.owner, context["ti"]
            link = report_url(ti.dag_id, ti.run_id)
            said = night_messages(owner, night.run, report, outcomes, link=link)
            tell(context, owner, said, ledger=night.ledger)
            count_night(night.run, report, outcomes, seconds)
        return report.model_dump(mode="json")


def _task_states(context: Context) -> dict[str, set[str]]:
    """Return the states of each task; a mapped one has several."""
    ti = context["ti"]
    found = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    states: dict[str, set[str]] = {}
    for name, state in found.items():
        step = next((s for s in _RESULTS if name == s or name.startswith(f"{s}_")), name)
        states.setdefault(step, set()).add(str(state))
    return states


def _task_seconds(context: Context) -> dict[str, float]:
    """Return how long each task's process took; of a mapped one, the slowest."""
    ti: Any = context["ti"]  # the SDK's protocol does not name this method
    seconds: dict[str, float] = {}
    for crumb in ti.get_task_breadcrumbs(dag_id=ti.dag_id, run_id=ti.run_id):
        if crumb["duration"] is not None and crumb["state"] in _RAN:
            step = crumb["task_id"]
            seconds[step] = max(seconds.get(step, 0.0), crumb["duration"])
    return seconds


def _outcome(context: Context, step: str) -> Contract | None:
    from lamplighter import contracts

    pulled = context["ti"].xcom_pull(task_ids=step)
    results = [pulled] if isinstance(pulled, dict) else [r for r in pulled or () if r is not None]
    if not results:
        return None
    # The workers of one search share its trials; the last to end has seen the most of them.
    latest = max(results, key=lambda result: result.get("trials", 0))
    contract: type[Contract] = getattr(contracts, _RESULTS[step])
    return contract.model_validate(latest)
