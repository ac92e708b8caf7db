"""The key of rows that have none: a digest of their content, and a number where several are equal.

For rows that are only ever added. Reading the same rows again gives the same keys, in whatever
order they lie; a row whose content changed is another row.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.column_types import type_of
from lamplighter.spec.data import ROW_KEY

_COPY = "-"


def add_row_key(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the column `_row`.

    Parameters
    ----------
    rows : DataFrame
        Columns of the five types, as `conform` makes them. The order of the columns, and whether
        pandas holds whole numbers as int64 or Int64, make no difference.

    Examples
    --------
    >>> add_row_key(pd.DataFrame({"city": ["Bern", "Cork", "Bern"], "price": [1.0, 2.0, 1.0]}))[
    ...     "_row"
    ... ].tolist()
    ['ba148f54959b4cf3', '4d01947675200d2b', 'ba148f54959b4cf3-1']
    """
    digests = pd.Series(_digests(rows), index=rows.index, dtype="str")
    number = digests.groupby(digests).cumcount()
    copies = digests + _COPY + number.astype("str")
    return rows.assign(**{ROW_KEY: digests.where(number == 0, copies)})


def without_copies(keys: pd.Series[str]) -> pd.Series[str]:
    """Return the digest of each `_row`, which equal rows share.

    Examples
    --------
    >>> without_copies(pd.Series(["ba148f54959b4cf3", "ba148f54959b4cf3-1"])).nunique()
    1
    """
    return keys.str.partition(_COPY)[0]


def _digests(rows: pd.DataFrame) -> list[str]:
    names = sorted(rows.columns)
    texts = [rows[name] for name in names if type_of(rows[name]) == "string"]
    fixed = [part for name in names for part in _numbers(rows[name])]
    # Lengths stand among the numbers, so that ("ab", "c") and ("a", "bc") differ.
    encoded = [[value.encode() for value in text.fillna("")] for text in texts]
    fixed += [np.fromiter(map(len, column), dtype=np.int64, count=len(rows)) for column in encoded]
    matrix = np.column_stack(fixed).astype("<i8") if fixed else np.empty((len(rows), 0), "<i8")
    return [
        blake2b(numbers.tobytes() + b"".join(text), digest_size=8).hexdigest()
        for numbers, text in zip(
            matrix, zip(*encoded, strict=True) if encoded else [()] * len(rows), strict=True
        )
    ]


def _numbers(column: pd.Series) -> list[npt.NDArray[np.int64]]:
    """Write a column as whole numbers: which values are missing, and the others bit by bit."""
    missing = column.isna().to_numpy()
    kind = type_of(column)
    if kind == "string":
        return [missing.astype(np.int64)]
    if kind == "timestamp":
        values = column.dt.as_unit("us").dt.tz_convert("UTC").dt.tz_localize(None)
        numbers = values.to_numpy().astype(np.int64)
    elif kind == "float":
        floats = column.to_numpy(dtype=np.float64, na_value=0.0) + 0.0  # -0.0 becomes 0.0
        numbers = floats.view(np.int64)
    else:
        numbers = column.fillna(0).to_numpy(dtype=np.int64)
    return [missing.astype(np.int64), np.where(missing, 0, numbers)]
