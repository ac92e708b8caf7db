"""Ways in which a data file goes wrong: its bytes, its columns, its values, its rows."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

Frame = pd.DataFrame
Change = Callable[[Frame, Random], Frame]

ODD: list[Any] = [
    None, "", " ", "a", "NaN", "inf", "-", "1,5", "1 000", "é\u0000x", "\ud7ff", "💥" * 50,
    "x" * 9_999, True, 0, -1, 10**18, -(2**63), 1e308, -1e308, 5e-324, float("nan"), float("inf"),
    -float("inf"),
    b"\x00\xff", "2024-13-45", "0001-01-01", "9999-12-31T23:59:59Z", "2024-01-01T00:00:00+14:00",
    "=1+1", "'; DROP TABLE visits; --", "{{ 7*7 }}", "<script>alert(1)</script>", "../../x", "%s%n",
]  # fmt: skip
"""What turns up in a cell."""


def a_cell(frame: Frame, random: Random) -> Frame:
    """Write something odd into some cells of a column."""
    name = random.choice(list(frame.columns))
    values = frame[name].astype(object)
    share = random.choice([1, 3, len(frame) // 10 + 1, len(frame)])
    odd = random.choice(ODD)
    for at in random.sample(range(len(frame)), min(share, len(frame))):
        values.iloc[at] = odd if random.random() < 0.9 else random.choice(ODD)
    return frame.assign(**{name: values})


def a_type(frame: Frame, random: Random) -> Frame:
    """Give a column another type."""
    name = random.choice(list(frame.columns))
    column = frame[name]
    made: list[Callable[[], Any]] = [
        lambda: column.astype(str),
        lambda: column.astype("category"),
        lambda: pd.to_numeric(column, errors="coerce"),
        lambda: column.notna(),
        lambda: pd.Series([{"a": 1}] * len(frame), index=frame.index),
        lambda: pd.Series([[1, 2]] * len(frame), index=frame.index),
        lambda: pd.Series([b"\x00\x01"] * len(frame), index=frame.index),
        lambda: pd.Series(pd.to_timedelta(np.arange(len(frame)), unit="s"), index=frame.index),
        lambda: pd.Series(pd.NaT, index=frame.index),
        lambda: pd.Series(np.nan, index=frame.index),
        lambda: column.astype(str).map(lambda text: text.encode("utf-16")),
        lambda: pd.Series(np.arange(len(frame)).astype("float32"), index=frame.index),
        lambda: pd.Series(np.arange(len(frame)).astype("uint64") + 2**63, index=frame.index),
        lambda: pd.Series(pd.Timestamp("2024-01-05"), index=frame.index),
        lambda: pd.Series(pd.Timestamp("1700-01-01", tz="UTC"), index=frame.index),
    ]
    return frame.assign(**{name: random.choice(made)()})


def a_name(frame: Frame, random: Random) -> Frame:
    """Rename a column, or add one."""
    name = random.choice(list(frame.columns))
    other = random.choice(
        [f"{name} ", name.upper(), "", "_known_at", "_row", "label", "é", "a.b", "x" * 500, "0"]
    )
    if random.random() < 0.5:
        return frame.rename(columns={name: other})
    return frame.assign(**{other or "new": frame[name]})


def without_a_column(frame: Frame, random: Random) -> Frame:
    """Lose columns."""
    names = list(frame.columns)
    lost = random.sample(names, random.choice([1, 1, 2, len(names) - 1]))
    return frame.drop(columns=lost)


def other_rows(frame: Frame, random: Random) -> Frame:
    """Lose rows, double them, or shuffle them."""
    shuffled = frame.sample(frac=1, random_state=random.randrange(2**31))
    return random.choice(
        [
            frame.head(0),
            frame.head(1),
            frame.tail(3),
            frame.iloc[::7],
            shuffled,
            pd.concat([frame, shuffled.head(random.choice([1, 50]))]),
            pd.concat([frame, frame]),
        ]
    )


def other_times(frame: Frame, random: Random) -> Frame:
    """Move times: far away, to one instant, into the wrong zone or without one."""
    name = random.choice([c for c in frame.columns if str(c).endswith("_at")] or ["seen_at"])
    if name not in frame:
        return frame
    times = pd.to_datetime(frame[name], utc=True, errors="coerce", format="ISO8601")
    moved = random.choice(
        [
            times + pd.Timedelta(days=random.choice([-36_500, -60, -1, 1, 60, 36_500])),
            times.where(np.arange(len(times)) % 10 > 0),
            times.where(np.arange(len(times)) < 1),
            pd.Series(times.iloc[0], index=frame.index),
            times.dt.tz_localize(None),
            times.dt.tz_convert("Asia/Kathmandu"),
            times.dt.strftime("%d/%m/%Y %H:%M"),
            times.astype("int64"),
            times.dt.as_unit("ms"),
        ]
    )
    return frame.assign(**{name: moved})


FRAME_CHANGES: tuple[Change, ...] = (
    a_cell, a_cell, a_cell, a_type, a_type, a_name, without_a_column, other_rows, other_times,
)  # fmt: skip


def as_parquet(frame: Frame, random: Random) -> bytes:
    """Write a frame as Parquet; what Arrow cannot hold is written as text."""
    sink = BytesIO()
    try:
        frame.to_parquet(sink, index=random.random() < 0.1)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, UnicodeError):
        sink = BytesIO()
        text = frame.astype(object).map(repr)
        text.columns = [f"{name!r}"[:50] for name in range(text.shape[1])]
        text.to_parquet(sink, index=False)
    return sink.getvalue()


def as_csv(frame: Frame, random: Random) -> bytes:
    """Write a frame as CSV, sometimes in the manner of somebody else's spreadsheet."""
    sep = random.choice([",", ",", ",", ";", "\t", "|"])
    text = frame.to_csv(index=random.random() < 0.1, sep=sep, quoting=random.choice([0, 1, 2]))
    encoding = random.choice(["utf-8", "utf-8", "utf-8", "utf-16", "latin-1", "utf-8-sig"])
    end = random.choice(["\n", "\n", "\r\n", "\r"])
    return text.replace("\n", end).encode(encoding, "replace")


def bytes_spoilt(payload: bytes, random: Random) -> bytes:
    """Cut a file off, overwrite parts of it, or put something else in its place."""
    spoilt = bytearray(payload)
    at = random.randrange(max(1, len(spoilt)))
    match random.randrange(6):
        case 0:
            return bytes(spoilt[:at])
        case 1:
            return bytes(spoilt[at:])
        case 2:
            return b""
        case 3:
            return random.choice([b"\0" * 500, b"PAR1", b"PAR1PAR1", b"<html>", b"\n\n\n", b","])
        case 4:
            spoilt[at : at + 50] = random.randbytes(50)
        case _:
            for _ in range(random.randint(1, 20)):
                spoilt[random.randrange(len(spoilt))] = random.randrange(256)
    return bytes(spoilt)


def spoil(frame: Frame, random: Random, *, kind: str) -> bytes:
    """Return a file that went wrong: its content, and in one case of three its bytes."""
    only_bytes = random.random() < 0.25
    for _ in range(0 if only_bytes else random.choice([1, 1, 1, 2])):
        frame = random.choice(FRAME_CHANGES)(frame, random)
    payload = as_parquet(frame, random) if kind == "parquet" else as_csv(frame, random)
    return bytes_spoilt(payload, random) if only_bytes or random.random() < 0.1 else payload
