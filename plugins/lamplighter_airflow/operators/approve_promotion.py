"""Operator of the approve-promotion step: a person answers in Airflow's own page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator, HITLOperator
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.form import answer_form
from lamplighter_airflow.links import MlflowLink, NightReportLink, reports_url
from lamplighter_airflow.notifications import tell
from lamplighter_airflow.operators.base import LamplighterOperator, handed

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
_LEAST = timedelta(seconds=1)  # no time at all would mean to wait for ever


class ApprovePromotionOperator(LamplighterOperator, HITLOperator):
    """Ask a person whether the version may be released. Returns an `ApprovalRef` as JSON.

    Not an `ApprovalOperator`: that one skips what follows a rejection, and here the release itself
    looks up in the ledger what was answered, by this page or by the command line.

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
            if approval.waits:
                self._write_question(context, night, approval)
        if not approval.needed:
            raise AirflowSkipException(str(approval))
        if approval.waits:
            self.log.info("%s", approval)
            HITLOperator.execute(self, context)
        return approval.model_dump(mode="json")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Write the answer into the ledger, or that nobody gave one; the first one stands."""
        from lamplighter.contracts import Actor
        from lamplighter.steps.approve_promotion import approve_promotion, take_answer

        told = HITLOperator.execute_complete(self, context, event)
        by = told["responded_by_user"]
        with self.night(context) as night:
            approval = approve_promotion(night, *self._what())
            if approval.waits:
                approval = take_answer(
                    night,
                    approval,
                    answer=_ANSWERS[told["chosen_options"][0]] if by else "expired",
                    reason=str(told["params_input"].get("reason") or ""),
                    actor=Actor(name=by["name"] if by else "scheduler", kind="airflow"),
                    answered_at=told["responded_at"],
                )
        self.log.info("version %s: %s", approval.version, approval)
        return approval.model_dump(mode="json")

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
        assert approval.until is not None
        self.mlflow_url = night.registry.run_url(version.mlflow_run_id)
        links = {"MLflow run": self.mlflow_url}
        if self.evaluation and decision.challenger_version is None:
            page = str(self.evaluation["report"]["key"])  # type: ignore[index]
            links = {"Evaluation": reports_url(context["ti"].dag_id, page), **links}
        self.subject = question_subject(approval, night.run.model)
        self.body = question_text(night, approval, judged, links=links)
        self.response_timeout = max(approval.until - datetime.now(UTC), _LEAST)
        answer_at = ""
        if conf.get("api", "base_url", fallback=""):
            answer_at = HITLOperator.generate_link_to_ui_from_context(context=context)
        message = approval_message(night.spec.owner, night.run, approval, judged, link=answer_at)
        tell(context, night.spec.owner, [message], ledger=night.ledger)
