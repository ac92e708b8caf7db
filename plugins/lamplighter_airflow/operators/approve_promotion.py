"""Operator of the approve-promotion step: a person answers in Airflow's own page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from lamplighter_airflow.form import answer_form
from lamplighter_airflow.links import MlflowLink, NightReportLink, reports_url
from lamplighter_airflow.notifications import tell
from lamplighter_airflow.operators.base import LamplighterOperator, handed
from lamplighter_airflow.triggers.approval import ApprovalTrigger

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter.contracts import ApprovalRef, PromotionDecision, VersionRef
    from lamplighter.ledger.records import ApprovalAnswer
    from lamplighter.spec.approval import Approval
    from lamplighter.steps.night import Night
    from lamplighter_airflow.operators.base import Handed

APPROVE, REJECT = ApprovalOperator.APPROVE, ApprovalOperator.REJECT
_ANSWERS: dict[str, ApprovalAnswer] = {APPROVE: "approve", REJECT: "reject"}
_ASKED = "asked"
_GRACE = timedelta(minutes=5)
"""After the deadline, for a trigger to say so; without a triggerer the task's next try does."""


class ApprovePromotionOperator(LamplighterOperator, HITLOperator):
    """Ask a person whether the version may be released. Returns an `ApprovalRef` as JSON.

    Not an `ApprovalOperator`: that one skips what follows a rejection, and here the release itself
    looks up in the ledger what was answered, by this page or by the command line. It waits by a
    trigger, which sees both, and not in the state `awaiting_input`, which only hears the page. A
    task that is tried again asks the same question no second time: Airflow would forget an answer
    that was given in between.

    Parameters
    ----------
    rule : Approval
        The spec's section `gate.approval`.
    decision, version, evaluation : templated
        The `PromotionDecision`, the `VersionRef` that it is about, and the `EvaluationRef` to read,
        as JSON.
    """

    template_fields: Sequence[str] = ("decision", "version", "evaluation", "spec_digest")
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), MlflowLink())
    step_doc = (
        "Where the spec or a rule wants a person to approve a release, waits for the answer in "
        "Required Actions, with the evidence, until the deadline. Skipped where nobody has to be "
        "asked. Never red for a rejection: it is a decision, and stands in the ledger."
    )

    def __init__(
        self,
        *,
        rule: Approval,
        decision: Handed,
        version: Handed,
        evaluation: Handed,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            subject="Promote the new version?",
            options=[APPROVE, REJECT],
            defaults=APPROVE if rule.on_deadline == "release" else REJECT,
            assigned_users=[{"id": name, "name": name} for name in rule.assignees],
            response_timeout=rule.deadline,
            **(kwargs | {"params": answer_form()}),  # and not the form of the whole run
        )
        self.decision = decision
        self.version = version
        self.evaluation = evaluation
        self.mlflow_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, or skip where nobody has to be asked; an answer that was given stands."""
        from lamplighter.steps.approve_promotion import approve_promotion

        with self.night(context) as night:
            approval = approve_promotion(night, *self._what())
            if _is_overdue(approval):
                approval = self._lapsed(night, approval)
            if approval.waits:
                self._write_question(context, night, approval)
        if not approval.needed:
            raise AirflowSkipException(str(approval))
        self.log.info("%s", approval)
        if approval.waits:
            self._wait(context, approval)
        return approval.model_dump(mode="json")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Write the answer into the ledger, or that nobody gave one; the first one stands."""
        from lamplighter.contracts import Actor
        from lamplighter.steps.approve_promotion import approve_promotion, take_answer

        with self.night(context) as night:
            approval = approve_promotion(night, *self._what())
            if approval.waits:
                told = HITLOperator.execute_complete(self, context, event)
                by = told["responded_by_user"]
                approval = (
                    take_answer(
                        night,
                        approval,
                        answer=_ANSWERS[told["chosen_options"][0]],
                        reason=str(told["params_input"].get("reason") or ""),
                        actor=Actor(name=by["name"], kind="airflow"),
                        answered_at=told["responded_at"],
                    )
                    if by
                    else self._lapsed(night, approval)
                )
        self.log.info("version %s: %s", approval.version, approval)
        return approval.model_dump(mode="json")

    def _wait(self, context: Context, approval: ApprovalRef) -> None:
        assert approval.until is not None
        ti: Any = context["ti"]
        asked = context["task_state_store"]
        if asked.get(_ASKED) != approval.key:
            upsert_hitl_detail(
                ti_id=ti.id,
                options=self.options,
                subject=self.subject,
                body=self.body,
                defaults=self.defaults,
                multiple=self.multiple,
                params=self.serialized_params,
                assigned_users=self.assigned_users,
            )
            asked.set(_ASKED, str(approval.key))
        lapsed = (self.defaults or [REJECT])[0]
        self.defer(
            trigger=ApprovalTrigger(
                question=str(approval.key),
                answers={"approve": APPROVE, "reject": REJECT, "expired": lapsed},
                ti_id=ti.id,
                options=self.options,
                params=self.serialized_params,
                defaults=self.defaults,
                multiple=self.multiple,
                timeout_datetime=approval.until,
            ),
            method_name="execute_complete",
            timeout=max(approval.until - datetime.now(UTC), timedelta(0)) + _GRACE,
        )

    def _lapsed(self, night: Night, approval: ApprovalRef) -> ApprovalRef:
        from lamplighter.contracts import Actor
        from lamplighter.steps.approve_promotion import take_answer

        assert approval.until is not None
        nobody = Actor(name="scheduler", kind="airflow")
        return take_answer(
            night, approval, answer="expired", reason="", actor=nobody, answered_at=approval.until
        )

    def _what(self) -> tuple[PromotionDecision, VersionRef | None]:
        from lamplighter.contracts import PromotionDecision, VersionRef

        decision = handed(PromotionDecision, self.decision)
        if decision is None:
            raise AirflowSkipException("nothing was judged tonight")
        return decision, handed(VersionRef, self.version)

    def _write_question(self, context: Context, night: Night, approval: ApprovalRef) -> None:
        from lamplighter.steps.approval_words import question_subject, question_text
        from lamplighter.steps.night_messages import approval_message

        decision, _ = self._what()
        judged = night.ledger.decision(decision.key)
        version = night.ledger.version(night.run.model, str(approval.version))
        assert judged is not None
        assert version is not None
        self.mlflow_url = night.registry.run_url(version.mlflow_run_id)
        links = {"MLflow run": self.mlflow_url}
        if self.evaluation and decision.challenger_version is None:
            page = str(self.evaluation["report"]["key"])  # type: ignore[index]
            links = {"Evaluation": reports_url(context["ti"].dag_id, page), **links}
        self.subject = question_subject(approval, night.run.model)
        self.body = question_text(night, approval, judged, links=links)
        answer_at = ""
        if conf.get("api", "base_url", fallback=""):
            answer_at = HITLOperator.generate_link_to_ui_from_context(context=context)
        message = approval_message(night.spec.owner, night.run, approval, judged, link=answer_at)
        tell(context, night.spec.owner, [message], ledger=night.ledger)


def _is_overdue(approval: ApprovalRef) -> bool:
    return approval.waits and approval.until is not None and approval.until <= datetime.now(UTC)
