"""Python named by dotted path in a spec, from allowed packages only."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from lamplighter.errors import SpecError

ALLOWED_PACKAGES_VARIABLE = "LAMPLIGHTER_ALLOWED_PACKAGES"
_ALWAYS_ALLOWED = "lamplighter.examples"


def load_callable(path: str) -> Callable[..., Any]:
    """Import the function that a spec names.

    Parameters
    ----------
    path : str
        As ``package.module:function``. Allowed are `lamplighter.examples` and the packages that
        the environment variable ``LAMPLIGHTER_ALLOWED_PACKAGES`` lists, separated by commas.
        A spec is configuration: whoever may edit one must not thereby run any code there is.

    Raises
    ------
    SpecError
        If the package is not allowed, cannot be imported, or holds no such function.

    Examples
    --------
    >>> load_callable("os:system")
    Traceback (most recent call last):
    lamplighter.errors.SpecError: os:system is outside the allowed packages (lamplighter.examples);\
 add its package to the environment variable LAMPLIGHTER_ALLOWED_PACKAGES to allow it
    """
    module_name, separator, name = path.partition(":")
    if not separator or not module_name or not name:
        raise SpecError(f"got {path!r}, expected a dotted path such as package.module:function")
    allowed = allowed_packages()
    if not any(
        module_name == package or module_name.startswith(f"{package}.") for package in allowed
    ):
        raise SpecError(
            f"{path} is outside the allowed packages ({', '.join(allowed)}); add its package to "
            f"the environment variable {ALLOWED_PACKAGES_VARIABLE} to allow it"
        )
    try:
        found: Callable[..., Any] | None = getattr(importlib.import_module(module_name), name, None)
    except (Exception, SystemExit) as error:  # whatever a user's module does while it is imported
        raise SpecError(
            f"{module_name} cannot be imported ({type(error).__name__}: {error}); install it where "
            "Lamplighter runs, or correct the path in the spec"
        ) from error
    if not callable(found):
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise SpecError(f"{path}: found {kind} of that name in {module_name}, expected a function")
    return found


def allowed_packages() -> tuple[str, ...]:
    """List the packages that a spec may name functions of."""
    listed = os.environ.get(ALLOWED_PACKAGES_VARIABLE, "").split(",")
    return (_ALWAYS_ALLOWED, *(name.strip() for name in listed if name.strip()))
