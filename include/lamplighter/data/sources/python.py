"""Rows that a Python function returns."""

from __future__ import annotations

import pandas as pd

from lamplighter.data.callables import load_callable
from lamplighter.data.sources.request import Request
from lamplighter.errors import DataError, LamplighterError, SourceUnavailableError


def read_python(request: Request) -> pd.DataFrame:
    """Call the source's function with `since`, `until` and the spec's options.

    Raises
    ------
    SourceUnavailableError
        If the function raises an `OSError`: a file or a network that is not there.
    DataError
        If it raises anything else, or does not return a DataFrame.
    SpecError
        If there is no such function, or its package is not allowed.
    """
    path = str(request.table.source.python)
    function = load_callable(path)
    try:
        rows = function(since=request.since, until=request.until, **request.table.source.options)
    except LamplighterError:
        raise
    except OSError as error:
        raise SourceUnavailableError(
            f"source {path} cannot be read ({type(error).__name__}: {error}); check what it reads"
        ) from error
    except Exception as error:  # a user's code may raise anything
        raise DataError(
            f"source {path} failed ({type(error).__name__}: {error}); correct the function"
        ) from error
    if not isinstance(rows, pd.DataFrame):
        raise DataError(f"source {path} returned a {type(rows).__name__}, expected a DataFrame")
    return rows.reset_index(drop=True)
