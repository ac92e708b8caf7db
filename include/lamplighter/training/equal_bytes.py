"""Pickle so that equal objects give equal bytes, wherever their strings came from."""

from __future__ import annotations

import io
import pickle
import sys
from typing import Any, ClassVar


def equal_bytes(found: Any) -> bytes:
    """Pickle an object; a string that comes twice is written once, whether it is one object or two.

    Python's own pickler writes a string again unless it is the very same object, which depends on
    what the process has done before: a scikit-learn estimator that was unpickled lends the names
    of its attributes to all later ones of its class.

    Examples
    --------
    >>> one, other = "ab" * 9, "".join(["ab"] * 9)
    >>> one is other, equal_bytes([one, other]) == equal_bytes([one, one])
    (False, True)
    """
    written = io.BytesIO()
    _ByValue(written, protocol=5).dump(found)
    return written.getvalue()


class _ByValue(pickle._Pickler):
    # The pickler in C asks nobody about strings.
    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)
    memo: dict[int, tuple[int, Any]]

    def memoize(self, obj: Any) -> None:
        """Remember an object once: Python 3.12's own trips over a second empty array."""
        if id(obj) not in self.memo:
            super().memoize(obj)  # type: ignore[misc]

    def _save_by_value(self, text: str) -> None:
        one = sys.intern(text)
        if one is text or id(one) not in self.memo:
            pickle._Pickler.save_str(self, one)  # type: ignore[attr-defined]
        else:
            self.write(self.get(self.memo[id(one)][0]))  # type: ignore[attr-defined]

    dispatch[str] = _save_by_value
