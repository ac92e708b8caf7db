"""Duty tidy_tables: merge small files of the lake's tables, delete those replaced long ago."""

from __future__ import annotations

from datetime import timedelta

from lamplighter.contracts import Upkeep
from lamplighter.data.delta_upkeep import delta_tables, tidy_table
from lamplighter.errors import LamplighterError
from lamplighter.steps.upkeep.round import Round


def tidy_tables(task: Round) -> Upkeep:
    """Tidy every Delta table of the lake: the models' tables, predictions and quarantine.

    No row of any newest version changes. A model's tables only ever gain rows, so whatever was
    known at any time can still be read. What is lost after `replaced_days` are the predictions
    that a repeat of their interval has replaced, and Delta's own time travel to before that.

    Raises
    ------
    LamplighterError
        The first table's trouble, after all the others were tidied.
    """
    done, troubles = [], []
    keep = timedelta(days=task.keep.replaced_days)
    with task.stores.ledger.alone("tidy the tables"):
        for table in delta_tables(task.stores.lake.root):
            try:
                tidied = tidy_table(table, keep=keep, dry_run=task.dry_run)
            except LamplighterError as error:
                troubles.append(error)
                continue
            if tidied.merged or tidied.deleted:
                name = table.removeprefix(task.stores.lake.root).lstrip("/")
                done.append(
                    f"tidied {name}: {tidied.merged} small files merged away, {tidied.deleted} "
                    "replaced files deleted"
                )
    report = task.report("tidy_tables", done=done)
    if troubles:
        raise troubles[0]
    return report
