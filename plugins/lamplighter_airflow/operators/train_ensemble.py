"""Operator of the train-ensemble step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class TrainEnsembleOperator(LamplighterOperator):
    """Fit the ensemble of tonight's best members. Returns a `CandidateRef` as JSON.

    Parameters
    ----------
    examples : templated
        The `ExamplesRef` to train on, as JSON.
    """

    template_fields: Sequence[str] = ("examples", "spec_digest")
    step_doc = (
        "Combines the best members of tonight's search by stacking and blending, judged on "
        "predictions out of fold; the best single member wins ties. Refits on all training rows. "
        "Where a version is fitted again, its members are, as they were configured."
    )

    def __init__(self, *, examples: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examples = examples

    def execute(self, context: Context) -> dict[str, Any]:
        """Train and store the candidate."""
        from lamplighter.contracts import ExamplesRef
        from lamplighter.steps.train_ensemble import train_ensemble

        with self.night(context) as night:
            candidate = train_ensemble(night, ExamplesRef.model_validate(self.examples))
        return candidate.model_dump(mode="json")
