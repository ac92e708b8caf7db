"""Operator of the check-leakage step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class CheckLeakageOperator(LamplighterOperator):
    """Look for features that know what cannot be known. Returns a `LeakageRef` as JSON.

    Parameters
    ----------
    examples : templated
        The `ExamplesRef` to look at, as JSON.
    """

    template_fields: Sequence[str] = ("examples", "spec_digest")
    step_doc = (
        "Stops the night, without retry, if a feature decides the label, copies it, or is filled "
        "in after the prediction; warns of features that predict too well, identifiers, rows in "
        "both parts, and newest rows that differ. `features.accept` lets a feature pass."
    )

    def __init__(self, *, examples: Handed, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examples = examples

    def execute(self, context: Context) -> dict[str, Any]:
        """Look at the examples, and stop or go on."""
        from lamplighter.contracts import ExamplesRef
        from lamplighter.steps.check_leakage import check_leakage

        with self.night(context) as night:
            found = check_leakage(night, ExamplesRef.model_validate(self.examples))
        return found.model_dump(mode="json")
