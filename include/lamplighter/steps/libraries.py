"""The libraries that decide what a model predicts, with the versions installed here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "xgboost-cpu", "xgboost", "cloudpickle")


def libraries() -> dict[str, str]:
    """Return the version of each library that is installed, and of Lamplighter itself."""
    found = {}
    for package in ("lamplighter", *_PACKAGES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def requirements() -> list[str]:
    """Return the pinned packages that a registered model needs to predict."""
    return [f"{name}=={number}" for name, number in libraries().items() if name in _PACKAGES]


def lock_digest(versions: Mapping[str, str]) -> str:
    """Name a set of versions in 16 hex digits."""
    text = json.dumps(dict(versions), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which versions differ; empty if none does.

    Examples
    --------
    >>> changes({"numpy": "2.4.0", "scipy": "1.14"}, {"numpy": "2.5.0", "scipy": "1.14"})
    'numpy 2.4.0 then, 2.5.0 now'
    """
    names = sorted({*then, *now})
    return ", ".join(
        f"{name} {then.get(name, 'absent')} then, {now.get(name, 'absent')} now"
        for name in names
        if then.get(name) != now.get(name)
    )
