"""Looking for secrets in everything that lies under a folder, in each form they may have taken."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pyarrow.parquet as pq


def forms(secret: str, *, user: str = "") -> set[bytes]:
    """Return how a secret may be written: as it is, escaped, quoted for a URL, or in base 64."""
    plain = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    plain |= {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = {form.encode() for form in plain}
    for text in (secret, f"{user}:{secret}"):
        for shift in range(3):
            # In a longer text the same bytes encode in three ways; the ends depend on the rest.
            packed = base64.b64encode(b"\0" * shift + text.encode()).rstrip(b"=")
            inner = packed[4 if shift else 0 : -4]
            encoded |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return encoded


def leaks(folder: Path, wanted: Iterable[bytes], *, but: tuple[str, ...] = ()) -> list[str]:
    """Return the files in which a form of a secret stands, also packed ones, `but` some."""
    looked_for = list(wanted)
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and str(path.relative_to(folder)) not in but
        and any(form in content for content in contents(path) for form in looked_for)
    ]


def contents(path: Path) -> Iterator[bytes]:
    """Give a file's bytes, and those that are packed in it."""
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".parquet":
        table = pq.read_table(io.BytesIO(raw))
        yield f"{table.schema} {table.to_pydict()}".encode()
    elif zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    elif raw[:2] == b"\x1f\x8b":
        yield gzip.decompress(raw)
