"""Files as a night would read them, or a sample of them where they are huge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from lamplighter.data.column_types import exact_frame
from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source
from lamplighter.errors import DataError, UsageError
from lamplighter.spec.data import ROW_KEY, Table

WHOLE_MB = 200
SAMPLE_ROWS = 500_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".gz": "csv"}


@dataclass(frozen=True)
class Sample:
    """A table to be: where its rows come from, and what they look like.

    Attributes
    ----------
    name : str
        The table's name in the spec.
    kind, location : str
        Of the source: ``parquet`` or ``csv``, and an absolute path or pattern.
    frame : DataFrame
        Rows in the five column types.
    whole : bool
        Whether these are all rows there are.
    """

    name: str
    kind: str
    location: str
    frame: pd.DataFrame
    whole: bool


def look_at(paths: Sequence[str], *, whole_mb: float = WHOLE_MB) -> list[Sample]:
    """Read files as tables: those with the same columns are parts of one.

    Parameters
    ----------
    paths : sequence of str
        Parquet or CSV files, or folders of them.
    whole_mb : float
        Files beyond this size together are looked at in part.

    Raises
    ------
    UsageError
        If a path is not there, is neither Parquet nor CSV, or files cannot be named by a pattern.
    DataError
        If a file cannot be read as a table.
    """
    groups: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for file in (file for path in paths for file in _files(Path(path))):
        columns = tuple(sorted(_columns(file)))
        groups.setdefault((_kind(file), columns), []).append(file)
    names: set[str] = set()
    return [_sample(files, kind, names, whole_mb) for (kind, _), files in groups.items()]


def table_name(text: str) -> str:
    """Make a name that a spec accepts out of a file's.

    Examples
    --------
    >>> table_name("2016 Hotel-Rates.v2"), table_name("visits-2024-01-01")
    ('hotel_rates_v2', 'visits')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", _DAY.sub("", text).lower())
    return re.sub(r"^[^a-z]+", "", plain)[:63].rstrip("_") or "rows"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        inside = sorted(file for file in path.iterdir() if file.suffix in _KINDS)
        if not inside:
            raise UsageError(f"no .parquet or .csv file lies in {path}; name a file of data")
        return [file.absolute() for file in inside]
    if not path.is_file():
        raise UsageError(f"there is no file {path}; give the path of a .parquet or .csv file")
    _kind(path)
    return [path.absolute()]


def _kind(path: Path) -> str:
    if path.suffix not in _KINDS:
        raise UsageError(
            f"{path} ends in {path.suffix or 'nothing'!r}, expected .parquet or .csv; convert it, "
            "or write a spec with a source of another kind (docs/spec-reference.md)"
        )
    return _KINDS[path.suffix]


def _columns(file: Path) -> list[str]:
    # Only to tell files apart: what is wrong with a file is said when it is read in full.
    try:
        if _kind(file) == "parquet":
            return list(pq.read_schema(file).names)
        return list(pd.read_csv(file, nrows=0).columns.map(str))
    except (pa.ArrowException, ValueError, OSError):
        return []


def _sample(files: list[Path], kind: str, names: set[str], whole_mb: float) -> Sample:
    location = _location(files)
    name = table_name(files[0].name.split(".")[0])
    while name in names:
        name = f"{name}_2"
    names.add(name)
    table = Table.model_validate({"source": {kind: location}, "key": [ROW_KEY]})
    whole = sum(file.stat().st_size for file in files) <= whole_mb * 1e6
    if whole:
        rows = read_source(table, since=None, until=datetime.max.replace(tzinfo=UTC))
    else:
        rows = exact_frame(_part(files, kind))
    if rows.empty:
        raise DataError(
            f"{location} holds no rows; a spec is written from what the data looks like"
        )
    conformed = conform(rows, name, table, known_columns=None).drop(columns=ROW_KEY)
    return Sample(name, kind, location, conformed, whole)


def _location(files: list[Path]) -> str:
    if len(files) == 1:
        return str(files[0])
    folder, suffix = files[0].parent, "".join(files[0].suffixes)
    patterns = {str(file.parent / _DAY.sub("{day}", file.name, count=1)) for file in files}
    if len(patterns) == 1:
        return patterns.pop()
    prefix = files[0].name
    while not all(file.name.startswith(prefix) for file in files):
        prefix = prefix[:-1]
    if sorted(folder.glob(f"{prefix}*{suffix}")) != sorted(files):
        raise UsageError(
            f"{files[0].name}, {files[1].name} and the others have the same columns, so they are "
            f"one table, but {folder}/{prefix}*{suffix} names other files too; put them into a "
            "folder of their own"
        )
    return str(folder / f"{prefix}*{suffix}")


def _part(files: list[Path], kind: str) -> pa.Table:
    """Return rows of the first, the last and some files between, from all over each."""
    chosen = files if len(files) <= 6 else files[:2] + files[2:-2:5] + files[-2:]
    each = max(1, SAMPLE_ROWS // len(chosen))
    try:
        parts = [_rows_of_parquet(f, each) if kind == "parquet" else _head(f, each) for f in chosen]
        return pa.concat_tables(parts, promote_options="permissive")
    except (pa.ArrowException, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(f"{files[0]} cannot be read as {kind} ({said}); write it again") from error


def _rows_of_parquet(file: Path, rows: int) -> pa.Table:
    stored = pq.ParquetFile(file)
    groups = stored.num_row_groups
    per_group = max(1, stored.metadata.num_rows // max(1, groups))
    step = max(1, groups * per_group // rows)
    chosen = sorted({*range(0, groups, step), groups - 1})
    return stored.read_row_groups(chosen).slice(0, 4 * rows).replace_schema_metadata(None)


def _head(file: Path, rows: int) -> pa.Table:
    batches, found = [], 0
    with pa.input_stream(str(file), compression="detect") as stream:
        for batch in pa_csv.open_csv(stream):
            batches.append(batch)
            found += batch.num_rows
            if found >= rows:
                break
    return pa.Table.from_batches(batches)
