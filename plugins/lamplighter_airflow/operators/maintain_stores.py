"""Operator of the duties of upkeep, one task each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from lamplighter.contracts import Keep
from lamplighter_airflow.as_of import run_actor
from lamplighter_airflow.operators.base import LamplighterOperator

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from airflow.sdk import BaseOperatorLink, Context

    from lamplighter.steps.upkeep.round import Round


class MaintainStoresOperator(LamplighterOperator):
    """Do one duty of upkeep. Returns an `Upkeep` as JSON.

    Parameters
    ----------
    duty : str
        Its name in `lamplighter.steps.maintain_stores.DUTIES`.
    specs : str
        The folder of the specs.
    """

    template_fields: Sequence[str] = ("duty",)
    operator_extra_links: Collection[BaseOperatorLink] = ()  # upkeep belongs to no night

    def __init__(self, *, duty: str, specs: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.duty = duty
        self.specs = specs

    def execute(self, context: Context) -> dict[str, Any]:
        """Do the duty, and say what a person has to look at as warnings."""
        with self.meaningful_errors():
            from lamplighter.steps.maintain_stores import DUTIES

            report = DUTIES[self.duty](self.round(context))
        for sentence in report.found:
            self.log.warning("%s", sentence)
        return report.model_dump(mode="json")

    def round(self, context: Context) -> Round:
        """Return what the duty may know and touch, with the limits of this run's form."""
        from lamplighter.steps.night import Stores
        from lamplighter.steps.upkeep.round import Round

        form = context["params"]
        return Round(
            stores=Stores.from_environment(),
            actor=run_actor(context["dag_run"]),
            keep=Keep.model_validate({name: form[name] for name in Keep.model_fields}),
            dry_run=form["dry_run"],
            specs=Path(self.specs),
            logs=_log_folder(),
            say=self.log.info,
        )


def _log_folder() -> Path | None:
    """Return Airflow's folder of task logs; None where logs go elsewhere and are kept there."""
    if conf.getboolean("logging", "remote_logging", fallback=False):
        return None
    folder = conf.get("logging", "base_log_folder", fallback="")
    return Path(folder) if folder else None
