"""What is installed here and on what machine, as far as it can change what a fit comes to."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import distributions

from threadpoolctl import threadpool_info

from lamplighter.contracts import Contract
from lamplighter.steps.libraries import libraries, lock_digest


class Environment(Contract):
    """Where a model was fitted.

    Attributes
    ----------
    python : str
        Version of the interpreter.
    machine : str
        Kind of processor and C library.
    numerics : tuple of str
        Linear algebra and threading libraries that were loaded, each with the kind of processor
        it chose its code for and its threads: these round each in its own way.
    packages : dict of str to str
        Version of everything that is installed.
    """

    python: str
    machine: str
    numerics: tuple[str, ...]
    packages: dict[str, str]

    @property
    def digest(self) -> str:
        """Name the installed packages in 16 hex digits, as a lock would."""
        return lock_digest({"python": self.python, **self.packages})


def environment() -> Environment:
    """Return the environment of this process."""
    for module in ("scipy.linalg", "sklearn.utils", "xgboost"):
        import_module(module)  # it must not matter what a process happened to load before
    return Environment(
        python=platform.python_version(),
        machine=f"{platform.machine()}, {' '.join(platform.libc_ver())}".strip(", "),
        numerics=tuple(sorted({_described(info) for info in threadpool_info()})),
        packages=dict(_installed()),
    )


def changes_of(then: Environment, now: Environment) -> Iterator[str]:
    """Say what differs, what matters most first: the libraries that fit, then all others."""
    decisive = list(libraries())
    names = sorted({*then.packages, *now.packages}, key=lambda n: (n not in decisive, n))
    first = [name for name in names if name in decisive]
    yield from _of_versions(then.packages, now.packages, first)
    if then.python != now.python:
        yield f"Python {then.python} then, {now.python} now"
    if then.machine != now.machine:
        yield f"machine {then.machine} then, {now.machine} now"
    if then.numerics != now.numerics:
        yield f"{_only(then.numerics, now.numerics)} then, {_only(now.numerics, then.numerics)} now"
    yield from _of_versions(then.packages, now.packages, names[len(first) :])


def _of_versions(
    then: Mapping[str, str], now: Mapping[str, str], names: list[str]
) -> Iterator[str]:
    for name in names:
        before, after = then.get(name, "absent"), now.get(name, "absent")
        if before != after:
            yield f"{name} {before} then, {after} now"


def _only(these: tuple[str, ...], others: tuple[str, ...]) -> str:
    return ", ".join(sorted(set(these) - set(others))) or "nothing more"


def _described(info: Mapping[str, object]) -> str:
    parts = (info.get("internal_api"), info.get("version"), info.get("architecture"))
    named = " ".join(str(part) for part in parts if part)
    return f"{named} ({info.get('num_threads')} threads)"


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    found = {
        str(one.metadata["Name"]).lower().replace("_", "-"): one.version for one in distributions()
    }
    return tuple(sorted(found.items()))
