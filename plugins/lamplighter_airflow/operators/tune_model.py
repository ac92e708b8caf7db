"""Operator of the tune-model step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from lamplighter_airflow.operators.base import Handed


class TuneModelOperator(LamplighterOperator):
    """Be one worker of tonight's search. Returns a `SearchRef` as JSON.

    Parameters
    ----------
    examples : templated
        The `ExamplesRef` to search on, as JSON.
    worker : int
        Which of the search's workers this is, from 0.
    """

    template_fields: Sequence[str] = ("examples", "spec_digest")
    step_doc = (
        "Pulls trials from tonight's search, which all workers share through the ledger, until the "
        "budget is used up. A killed worker goes on where it was; a finished search is read back. "
        "Where a version is fitted again, nothing is searched."
    )

    def __init__(self, *, examples: Handed, worker: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.examples = examples
        self.worker = worker

    def execute(self, context: Context) -> dict[str, Any]:
        """Search until the budget is used up."""
        from lamplighter.contracts import ExamplesRef
        from lamplighter.steps.tune_model import tune_model

        with self.night(context) as night:
            examples = ExamplesRef.model_validate(self.examples)
            search = tune_model(night, examples, worker=self.worker)
        return search.model_dump(mode="json")
