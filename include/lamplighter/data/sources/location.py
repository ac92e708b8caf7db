"""Where a source's path points: from the base, with the environment's folders filled in."""

from __future__ import annotations

import os
import re
from pathlib import Path

from lamplighter.errors import SpecError

_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def located(path: str, base: Path | None) -> str:
    """Give a path of the spec from where it is meant: URLs as they are, paths from `base`.

    ``${NAME}`` is the value of an environment variable, so that a spec holds no path of one
    machine and keeps its digest on all of them. Paths appear in messages: they are no place for
    a secret.

    Raises
    ------
    SpecError
        If the path names a variable that is not set, or is empty.

    Examples
    --------
    >>> os.environ["LANDING"] = "/data/landing"
    >>> located("${LANDING}/arrivals/{day}.parquet", None)
    '/data/landing/arrivals/{day}.parquet'
    >>> located("s3://bucket/arrivals.parquet", None)
    's3://bucket/arrivals.parquet'
    """
    filled = _VARIABLE.sub(lambda match: _value(match[1], path), path)
    return filled if "://" in filled else str((base or Path()) / Path(filled).expanduser())


def _value(name: str, path: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise SpecError(
            f"source path {path!r} begins from environment variable {name}, which is not set; "
            "set it where the night runs, or write the path out in the spec"
        )
    return value
