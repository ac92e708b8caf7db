"""Operator of the release-model step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.assets import announce
from lamplighter_airflow.links import MlflowLink, NightReportLink
from lamplighter_airflow.operators.base import LamplighterOperator

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
        "Commits the release to the ledger, comparing with the champion that the candidate was "
        "judged against, and then moves the alias `champion` in MLflow. Skipped if the verdict is "
        "not to promote."
    )

    def __init__(self, *, decision: Handed, version: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decision = decision
        self.version = version
        self.mlflow_url = ""

    def execute(self, context: Context) -> dict[str, Any]:
        """Release, or skip if the decision is not to; a refusal by the ledger is a result."""
        from lamplighter.contracts import PromotionDecision, VersionRef

        decision = PromotionDecision.model_validate(self.decision)
        if not decision.release:
            raise AirflowSkipException(f"nothing to release: {decision.reason}")
        from lamplighter.steps.release_model import release_model

        version = VersionRef.model_validate(self.version)
        with self.night(context) as night:
            release = release_model(night, decision, version)
            self.mlflow_url = night.registry.run_url(version.mlflow_run_id)
            run = night.run
        if release.released and run.timeline == "live":
            about = {
                "version": release.version,
                "digest": decision.artifact.digest,
                "as_of": run.as_of.isoformat(),
            }
            announce(context, run.model, "champion", about)
        return release.model_dump(mode="json")
