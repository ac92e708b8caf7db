"""Say it in the task's log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

_LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


class LogNotifier(BaseNotifier):
    """Write one line.

    Parameters
    ----------
    text : str
        What happened, in the words of the person who is told.
    level : str
        info, warning or critical.
    """

    def __init__(self, *, text: str, level: str = "critical") -> None:
        super().__init__()
        self.text = text
        self.level = level

    def notify(self, context: Context) -> None:
        """Write the line."""
        log.log(_LEVELS[self.level], "%s", self.text)
