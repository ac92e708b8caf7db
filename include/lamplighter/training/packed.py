"""Out-of-fold predictions as bytes: single precision, a part for each fold."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from lamplighter.training.target import Floats

_COUNT = struct.Struct("<I")
_SHAPE = struct.Struct("<II")


def pack(parts: Sequence[Floats]) -> bytes:
    """Return arrays of shape (n_rows,) or (n_rows, n_classes) as bytes; equal parts, equal bytes.

    Examples
    --------
    >>> [part.tolist() for part in unpack(pack([np.array([0.5]), np.array([[0.25, 0.75]])]))]
    [[0.5], [[0.25, 0.75]]]
    """
    pieces = [_COUNT.pack(len(parts))]
    for part in parts:
        columns = part.shape[1] if part.ndim == 2 else 0
        pieces += [_SHAPE.pack(len(part), columns), part.astype("<f4").tobytes()]
    return b"".join(pieces)


def unpack(payload: bytes) -> tuple[Floats, ...]:
    """Return what was packed, in double precision."""
    (count,) = _COUNT.unpack_from(payload)
    parts, place = [], _COUNT.size
    for _ in range(count):
        rows, columns = _SHAPE.unpack_from(payload, place)
        place += _SHAPE.size
        size = rows * max(1, columns)
        values = np.frombuffer(payload, dtype="<f4", count=size, offset=place).astype(np.float64)
        parts.append(values.reshape(rows, columns) if columns else values)
        place += 4 * size
    return tuple(parts)
