"""Evaluations of the past: how each version did in an interval, by what was known at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from lamplighter.ledger import tables
from lamplighter.ledger.book import Pages
from lamplighter.ledger.database import insert_once
from lamplighter.ledger.records import HistoricEvaluation, Judged

_MOST_PARAMETERS = 500  # a database takes only so many values in one query


class EvaluationPages(Pages):
    """The pages about evaluations."""

    def record_evaluations(self, found: Sequence[Judged]) -> None:
        """Store evaluations, all or none; those that are stored under their key stay as they are.

        They are stored in the order given, so that whoever writes the same ones writes the same.
        """
        now = self._now()
        with self._database.writing() as connection:
            for judged in found:
                row = {**asdict(judged), "slices": list(judged.slices), "recorded_at": now}
                insert_once(connection, tables.evaluations, row, key=["key"])

    def evaluation_keys(self, keys: Collection[str]) -> set[str]:
        """Return those of some keys under which an evaluation is stored."""
        wanted, column = sorted(keys), tables.evaluations.c.key
        stored: set[str] = set()
        with self._database.reading() as connection:
            for first in range(0, len(wanted), _MOST_PARAMETERS):
                some = wanted[first : first + _MOST_PARAMETERS]
                stored.update(connection.scalars(select(column).where(column.in_(some))))
        return stored

    def evaluations(
        self,
        model: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        chosen_by: str | None = None,
    ) -> list[HistoricEvaluation]:
        """Return the evaluations of intervals within a time, in the order of their intervals.

        Of one interval, in the order of what was known, and of storing.

        Parameters
        ----------
        start, end : datetime, optional
            Only intervals that begin at `start` or later and end at `end` or earlier.
        chosen_by : str, optional
            Only those of versions that were chosen so.
        """
        columns = tables.evaluations.c
        query = select(tables.evaluations).where(columns.model == model)
        if start is not None:
            query = query.where(columns.interval_start >= start)
        if end is not None:
            query = query.where(columns.interval_end <= end)
        if chosen_by is not None:
            query = query.where(columns.chosen_by == chosen_by)
        order = (columns.interval_start, columns.knowledge_time, columns.hindsight, columns.id)
        with self._database.reading() as connection:
            return [_evaluation(row) for row in connection.execute(query.order_by(*order))]


def _evaluation(row: sa.Row[Any]) -> HistoricEvaluation:
    values = dict(row._mapping)
    values["slices"] = tuple(values["slices"])
    return HistoricEvaluation(**values)
