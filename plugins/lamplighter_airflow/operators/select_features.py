"""Operator of the select-features step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class SelectFeaturesOperator(LamplighterOperator):
    """Build the night's examples and keep the features that help. Returns an `ExamplesRef`.

    Parameters
    ----------
    retraining : templated
        The `RetrainingDecision` of this night, as JSON. If it is no, this task skips, and with
        it all that follows.
    """

    template_fields: Sequence[str] = ("retraining", "spec_digest")
    step_doc = (
        "Builds one row per example with what was known at its prediction time, splits the rows in "
        "time order, and keeps the features that the spec's selection keeps. Where a version is "
        "fitted again, nothing is held out and its own features are kept. Skipped, with all that "
        "follows, if `decide_retraining` said that there is no need to train."
    )

    def __init__(self, *, retraining: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.retraining = retraining

    def execute(self, context: Context) -> dict[str, Any]:
        """Store the examples, or skip if this night does not train."""
        from lamplighter.contracts import RetrainingDecision

        decision = RetrainingDecision.model_validate(self.retraining)
        if not decision.retrain:
            raise AirflowSkipException(f"no training tonight: {decision.reason}")
        from lamplighter.steps.select_features import select_features

        with self.night(context) as night:
            examples = select_features(night, decision.snapshot, refit_of=decision.refit_of)
        return examples.model_dump(mode="json")
