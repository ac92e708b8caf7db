"""Say in the log that something failed which does not make the run red."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


class LogNotifier(BaseNotifier):
    """Write one error line with the run and the reason.

    Parameters
    ----------
    message : str
        What happened, in the words of the person who is told.
    """

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Context) -> None:
        """Write the line."""
        ti = context["ti"]
        log.error(
            "%s: %s, run %s: %s", self.message, ti.dag_id, ti.run_id, context.get("exception")
        )
