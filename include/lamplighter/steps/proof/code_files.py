"""The source files that decide what a model becomes: Lamplighter's own, and those a spec names."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import lamplighter
from lamplighter.data.callables import allowed_packages
from lamplighter.spec import ModelSpec

_FIRST = ("training", "tuning", "features", "data", "steps")
"""Where a change most likely changes a model; other files are named after these."""

_NOT_TRAINING = ("cli/",)
_OWN = ("lamplighter", "lamplighter.examples")
_DIGITS = 16


def code_files(spec: ModelSpec) -> dict[str, str]:
    """Return a digest of each source file by its name, such as ``lamplighter/training/pool.py``.

    Of the packages that a spec's dotted paths name, every source file is taken: a function calls
    others. What cannot be found here is left out.
    """
    files = dict(_own_files())
    modules = named_modules(spec)
    for package in allowed_packages():
        if any(_lies_in(module, package) for module in modules) and package not in _OWN:
            files.update(_files_of(package))
    return dict(sorted(files.items()))


def code_digest(files: Mapping[str, str]) -> str:
    """Name a set of source files in 16 hex digits."""
    text = json.dumps(dict(files), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def changed_files(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Say which files differ, those of the user first."""
    for name in sorted({*then, *now}, key=_likelihood):
        if then.get(name) == now.get(name):
            continue
        if name not in now:
            yield f"{name} is gone"
        elif name not in then:
            yield f"{name} is new"
        else:
            yield f"{name} is another"


def _likelihood(name: str) -> tuple[int, str]:
    top, _, rest = name.partition("/")
    if top != "lamplighter":
        return (-1, name)
    folder = rest.partition("/")[0]
    return (_FIRST.index(folder) if folder in _FIRST else len(_FIRST), name)


def named_modules(spec: ModelSpec) -> set[str]:
    """Return the modules of the allowed packages that a spec names by dotted path."""
    found = {text.partition(":")[0] for text in _texts(spec.document()) if ":" in text}
    allowed = allowed_packages()
    return {m for m in found if any(_lies_in(m, package) for package in allowed)}


def _lies_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


@cache
def _own_files() -> tuple[tuple[str, str], ...]:
    root = Path(lamplighter.__file__).parent
    found = (
        (path.relative_to(root).as_posix(), path)
        for path in sorted(root.rglob("*.py"))
        if "__pycache__" not in path.parts
    )
    return tuple(
        (f"lamplighter/{name}", _digest(path))
        for name, path in found
        if not name.startswith(_NOT_TRAINING)
    )


def _files_of(package: str) -> dict[str, str]:
    spec, name = _found(package), package.replace(".", "/")
    if spec is None:
        return {}
    if spec.submodule_search_locations:
        roots = [Path(place) for place in spec.submodule_search_locations]
        return {
            f"{name}/{path.relative_to(root).as_posix()}": _digest(path)
            for root in roots
            for path in sorted(root.rglob("*.py"))
        }
    return {f"{name}.py": _digest(Path(spec.origin))} if spec.origin else {}


def _found(package: str) -> ModuleSpec | None:
    try:
        loaded = sys.modules.get(package)
        return loaded.__spec__ if loaded else importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
