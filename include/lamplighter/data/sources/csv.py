"""A CSV file as an Arrow table, strictly: every line has as many values as the header."""

from __future__ import annotations

from typing import IO

import pyarrow as pa
import pyarrow.csv as pa_csv

from lamplighter.data.sources.request import Request

_LOOKED_AT = 4096


def read_csv(file: IO[bytes], request: Request) -> pa.Table:
    """Read comma-separated UTF-8 with a header; empty, NA, NaN and null are nulls.

    Columns that are text by the spec or in the lake stay text, whatever they look like.

    Raises
    ------
    pyarrow.ArrowInvalid
        If the file is not that.
    """
    if b"\0" in file.read(_LOOKED_AT):
        raise pa.ArrowInvalid("binary data, expected text")
    file.seek(0)
    table = pa_csv.read_csv(
        file,
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(request.text_columns, pa.string()), strings_can_be_null=True
        ),
    )
    _check_separator(table.column_names, request)
    for i, field in enumerate(table.schema):
        if pa.types.is_binary(field.type):
            raise pa.ArrowInvalid(f"column {field.name!r} is not UTF-8 text")
        if pa.types.is_time(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.string()))
    return table


def _check_separator(names: list[str], request: Request) -> None:
    other = next((sign for sign in ";\t|" if sign in names[0]), None)
    if other and len(names) == 1 and names[0] not in request.needed_columns:
        raise pa.ArrowInvalid(f"values separated by {other!r}, expected commas")
