"""A model's tables, read once, to look at any time before: for evaluations of the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.data.asof_versions import Versions, microseconds
from lamplighter.data.examples import examples_among, refuse_another_key, target_values
from lamplighter.data.group_codes import GroupCodes
from lamplighter.data.lake import Lake
from lamplighter.errors import DataError
from lamplighter.spec import ModelSpec
from lamplighter.spec.data import Table

_SHOWN = 3


@dataclass(frozen=True)
class Past:
    """Every version of every row that was known by a time.

    Attributes
    ----------
    spec : ModelSpec
    histories : mapping of str to (Table, DataFrame)
        As `Lake.history` returns them.
    known_by : datetime
        Nothing that became known later is in them.
    codes : mapping of str to GroupCodes
        Numbers of the values in their columns.
    """

    spec: ModelSpec
    histories: Mapping[str, tuple[Table, pd.DataFrame]]
    known_by: datetime
    codes: Mapping[str, GroupCodes] = field(default_factory=dict)

    @classmethod
    def read(cls, spec: ModelSpec, lake: Lake, *, known_by: datetime) -> Self:
        """Read all tables of a model."""
        histories = {
            name: (table, lake.history(spec.model, name, table, known_by=known_by))
            for name, table in spec.data.tables.items()
        }
        codes = {name: GroupCodes(history) for name, (_, history) in histories.items()}
        return cls(spec, histories, known_by, codes)

    def examples(self, *, start: datetime, end: datetime) -> pd.DataFrame:
        """Return the examples predicted in ``[start, end)``, as `examples_among` does.

        Without time, those that became known in it: they are predicted when they come.
        """
        table, history = self.histories[self.spec.data.examples_table]
        if self.spec.time is None:
            versions = Versions.of(table, history)
            examples = examples_among(self.spec, versions, known_by=min(end, self.known_by))
            first = history.groupby(list(table.key), dropna=False)["_known_at"].min()
            when = pd.MultiIndex.from_frame(examples[list(table.key)])
            came = first.reindex(when if len(table.key) > 1 else when.get_level_values(0))
            examples["known_at"] = came.to_numpy()
            moment = pd.Series(pd.DatetimeIndex(came), index=examples.index)
        else:
            versions = Versions.of(table, self._near(start, end))
            examples = examples_among(self.spec, versions, known_by=self.known_by)
            moment = examples["prediction_time"]
        inside = (moment >= pd.Timestamp(start)) & (moment < pd.Timestamp(end))
        return examples[inside.to_numpy()].reset_index(drop=True)

    def labels(self, examples: pd.DataFrame, at: pd.Series[pd.Timestamp]) -> pd.Series:
        """Return each example's label as known at a time of its own; missing while unknown.

        Raises
        ------
        DataError
            If two labels of one example became known at the same time and say different things.
        """
        spec = self.spec
        table, history = self.histories[spec.data.target_table]
        refuse_another_key(spec, Versions.of(table, history.iloc[:0]), examples)
        mine = history[self._of_same_keys(spec.data.target_table, examples)].reset_index(drop=True)
        versions = Versions.of(table, mine)
        _refuse_contradictions(spec, versions)
        found = versions.standing_each(examples, microseconds(at))
        values = target_values(spec, versions.frame[spec.data.target_column])
        return values.reindex(found).set_axis(examples.index)

    def view(self, *, as_of: datetime) -> AsOfView:
        """Open the view that features are made from."""
        return AsOfView(self.histories, as_of=as_of, codes=self.codes)

    def in_hindsight(self, foresight: timedelta) -> Past:
        """Return the same tables as somebody sees them who learns everything so much earlier.

        What happened when stays. An example's features then hold what was known so long after
        its prediction, of all that had happened by its prediction; and columns that are filled in
        later are filled in.
        """
        return replace(
            self,
            histories={
                name: (
                    table.model_copy(update={"filled_in": {}}),
                    history.assign(_known_at=history["_known_at"] - foresight),
                )
                for name, (table, history) in self.histories.items()
            },
        )

    def _near(self, start: datetime, end: datetime) -> pd.DataFrame:
        """Return all versions of the keys that some version places in an interval."""
        assert self.spec.time is not None
        name = self.spec.data.examples_table
        _, history = self.histories[name]
        predicted = history["_event_time"] - self.spec.time.lead
        later = predicted >= pd.Timestamp(start)
        inside = (later & (predicted < pd.Timestamp(end))).to_numpy()
        return history[inside | self._of_same_keys(name, history[inside])]

    def _of_same_keys(self, name: str, others: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Say of each row of a table whether its key is among those of other rows."""
        table, history = self.histories[name]
        codes = self.codes.get(name) or GroupCodes(history)
        own = codes.own(table.key)
        among = np.zeros(own.max(initial=-1) + 2, dtype=bool)
        among[codes.of(others, table.key)] = True
        among[-1] = False  # where code -1 looks: a key that is missing, or is not there
        return among[own]


def _refuse_contradictions(spec: ModelSpec, versions: Versions) -> None:
    """Raise if labels of one key that became known together differ: nobody can say which is so."""
    frame, column = versions.frame, spec.data.target_column
    alive = ~versions.deleted
    together = pd.DataFrame({"entity": versions.entity, "known": versions.known})[alive]
    doubled = together.duplicated(keep=False)
    if not doubled.any():
        return
    rows = frame[alive][doubled.to_numpy()]
    said = rows.groupby([together["entity"][doubled].to_numpy(), "_known_at"])[column]
    different = said.transform(lambda values: values.nunique(dropna=False) > 1).astype(bool)
    if not different.any():
        return
    wrong = rows[different]
    first = wrong.iloc[0]
    same = (wrong[list(versions.key)] == first[list(versions.key)]).all(axis=1)
    key = ", ".join(f"{name}={first[name]}" for name in versions.key)
    values = " and ".join(str(value) for value in wrong[same][column].unique()[:_SHOWN])
    raise DataError(
        f"the table {spec.data.target_table} holds {int(different.sum())} labels that contradict "
        f"each other, first for {key}: {values}, both known since "
        f"{first['_known_at'].isoformat()}; say at the source which is so: a corrected row "
        "that is ingested later counts from then on"
    )
