"""Operator of the release-model step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.assets import announce
from lamplighter_airflow.links import MlflowLink, NightReportLink
from lamplighter_airflow.operators.base import LamplighterOperator, handed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter_airflow.operators.base import Handed


class ReleaseModelOperator(LamplighterOperator):
    """Make the judged version champion. Returns a `ReleaseRef` as JSON.

    Parameters
    ----------
    decision, version : templated
        The `PromotionDecision` and the `VersionRef` that it is about, as JSON.
    """

    template_fields: Sequence[str] = ("decision", "version", "spec_digest")
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(), MlflowLink())
    step_doc = (
        "Commits the release to the ledger, comparing with the champion that it was judged "
        "against, and then moves the alias `champion` in MLflow. A candidate that is neither "
        "promoted nor rejected takes the challenger's place if it is free; a challenger that was "
        "decided on leaves it. Skipped if there is nothing to do."
    )

    def __init__(self, *, decision: Handed, version: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decision = decision
        self.version = version
        self.mlflow_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Release, or skip if the decision is not to; a refusal by the ledger is a result."""
        from lamplighter.contracts import PromotionDecision, VersionRef

        decision = handed(PromotionDecision, self.decision)
        if decision is None:
            raise AirflowSkipException("nothing was judged tonight")
        if not (decision.release or decision.leaves or decision.enters or decision.gives_up):
            raise AirflowSkipException(f"nothing to release: {decision.reason}")
        from lamplighter.steps.release_model import release_model

        with self.night(context) as night:
            release = release_model(night, decision, handed(VersionRef, self.version))
            known = release.version and night.ledger.version(night.run.model, release.version)
            if known:
                self.mlflow_url = night.registry.run_url(known.mlflow_run_id)
            run = night.run
        if release.released and run.timeline == "live":
            about = {
                "version": release.version,
                "digest": decision.artifact.digest,
                "as_of": run.as_of.isoformat(),
            }
            announce(context, run.model, "champion", about)
        return release.model_dump(mode="json")
