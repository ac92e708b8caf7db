"""Seeds derived from what they are for, so that they do not depend on what ran before."""

from __future__ import annotations

import hashlib


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Return a seed of 31 bits for a purpose.

    Examples
    --------
    >>> derive_seed(0, "trial", 3) == derive_seed(0, "trial", 3) != derive_seed(0, "trial", 4)
    True
    """
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
