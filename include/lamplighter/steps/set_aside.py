"""Putting the failing rows of a table into quarantine, each with the reason."""

from __future__ import annotations

import pandas as pd

from lamplighter.data.quarantine import row_ids, row_texts
from lamplighter.quality.checks import TableValidation
from lamplighter.steps.night import Night


def set_aside_rows(night: Night, name: str, rows: pd.DataFrame, found: TableValidation) -> int:
    """Keep the rows that fail a check of single rows; return how many lines were new.

    Parameters
    ----------
    rows : DataFrame
        All rows that were validated.
    found : TableValidation
        What was found; its positions count in `rows`.
    """
    places = list(found.set_aside)
    if not places:
        return 0
    texts = row_texts(rows.iloc[places])
    text_at = dict(zip(places, texts, strict=True))
    id_at = dict(zip(places, row_ids(name, texts), strict=True))
    lines = [
        (id_at[place], result.check, result.column, result.reason, text_at[place])
        for result in found.results
        if not result.success and result.severity == "quarantine"
        for place in result.positions
    ]
    faults = pd.DataFrame(lines, columns=["id", "check", "column", "reason", "row"])
    faults["as_of"] = pd.Timestamp(night.run.as_of).tz_convert("UTC").as_unit("us")
    faults["run_key"] = night.run.run_key
    return night.quarantine.set_aside(night.run.model, name, faults)
