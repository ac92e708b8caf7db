"""What all operators share: opening the night, saying what happens, and what an error means."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from lamplighter.errors import RETRYABLE, LamplighterError
from lamplighter_airflow.as_of import night_id
from lamplighter_airflow.connections import connection_url
from lamplighter_airflow.links import NightReportLink

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from airflow.sdk import BaseOperatorLink, Context, XComArg

    from lamplighter.contracts import Contract
    from lamplighter.steps.night import Night
    from lamplighter_airflow.lineage import Place

    Handed = dict[str, Any] | XComArg
    """What a task before returned: as it stands in the DAG file, or as JSON once rendered."""


class LamplighterOperator(BaseOperator):
    """Run one step within the night that `resolve_spec` opened.

    Parameters
    ----------
    spec_digest : templated
        Digest of the spec that the DAG was built from, so that a changed spec is a new version
        of the DAG. The step itself reads the spec that `resolve_spec` stored.
    """

    template_fields: Sequence[str] = ("spec_digest",)
    operator_extra_links: Collection[BaseOperatorLink] = (NightReportLink(),)
    ui_color = "#fdf3d8"
    step_doc: ClassVar[str] = ""
    reads: Sequence[Place] = ()
    writes: Sequence[Place] = ()

    def __init__(self, *, spec_digest: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("doc_md", self.step_doc)
        super().__init__(**kwargs)
        self.spec_digest = spec_digest

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:
        """Say what was read and written, to whom the OpenLineage provider reports it."""
        from lamplighter_airflow.lineage import operator_lineage

        return operator_lineage(self.reads, self.writes)

    @contextmanager
    def night(self, context: Context, *, run_id: str | None = None) -> Iterator[Night]:
        """Open this run's night, or the one of `run_id`; what it says goes to the task's log.

        An error that ends the task for good is written into the ledger, for the night's report.
        """
        with self.meaningful_errors():
            from lamplighter.steps.night import Stores, open_night
            from lamplighter.steps.stopped_night import record_stop

            night = open_night(
                run_id or night_id(context["dag_run"]),
                Stores.from_environment(),
                say=self.log.info,
                resolve=connection_url,
            )
            try:
                yield night
            except Exception as error:
                if _is_final(error, context):
                    record_stop(night, self.task_id, error)
                raise

    @contextmanager
    def meaningful_errors(self) -> Iterator[None]:
        """Try again after what may pass, and not after what will be the same on the next try.

        An error that is not one of ours may be anything, so it is tried again.
        """
        try:
            yield
        except LamplighterError as error:
            if isinstance(error, RETRYABLE):
                raise
            raise AirflowFailException(str(error)) from None


def handed[Read: Contract](contract: type[Read], value: Any) -> Read | None:
    """Read what a task before returned; None where it was skipped."""
    return None if value is None else contract.model_validate(value)


def _is_final(error: Exception, context: Context) -> bool:
    if isinstance(error, LamplighterError) and not isinstance(error, RETRYABLE):
        return True
    ti = context["ti"]
    return ti.try_number > ti.max_tries
