"""What every encoder of a column offers, whatever the kind of the column."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]


class Column(Protocol):
    """A fitted encoder of one raw feature."""

    @property
    def name(self) -> str:
        """Name of the raw feature."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the columns that it becomes."""
        ...

    @property
    def categorical(self) -> tuple[bool, ...]:
        """Which of these hold codes of a category."""
        ...

    @property
    def terms(self) -> int:
        """How many sparse columns of text it brings."""
        ...

    def encode(self, column: pd.Series) -> tuple[Floats, csr_matrix | None]:
        """Return the columns, shape (n_rows, n_outputs), and the sparse ones where there are."""
        ...
