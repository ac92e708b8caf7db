"""Expectations that a spec names itself: of Great Expectations, or of an allowed package."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import (
    BatchExpectation,
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)

from lamplighter.errors import SpecError
from lamplighter.quality.checks import Check
from lamplighter.spec.data import Expectation, Severity

Loader = Callable[[str], Callable[..., Any]]
"""Imports what a dotted path names, if its package is allowed."""

_BY_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
_NAMING_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")


def refuse_python(path: str) -> Callable[..., Any]:
    """Load nothing: the loader where none is given."""
    raise SpecError(f"{path}: no Python can be named here; give one of Great Expectations' classes")


def custom_check(declared: Expectation, *, load: Loader) -> Check:
    """Return the check that a spec declares under `data.validate.expectations`.

    Raises
    ------
    SpecError
        If there is no such class, if it does not take these arguments, or if its rows are to be
        set aside though it looks at no rows.
    """
    kind = _class(declared.name, load)
    made = _made(kind, declared)
    columns = _columns(made)
    arguments = ", ".join(f"{name}={value!r}" for name, value in declared.arguments.items())
    return Check(
        name=kind.__name__,
        subject="live",
        expectation=kind,
        arguments=declared.arguments,
        columns=columns,
        expected=f"{kind.__name__}({arguments})",
        remedy="correct it at the source, or change data.validate.expectations",
        severity=_severity(kind, declared),
    )


def _class(name: str, load: Loader) -> type[Any]:
    found = load(name) if ":" in name else getattr(gxe, name, None)
    if isinstance(found, type) and issubclass(found, BatchExpectation):
        return found
    if ":" in name:
        raise SpecError(
            f"data.validate.expectations: {name} is no class of an expectation; derive it from one "
            "of great_expectations.expectations"
        )
    near = difflib.get_close_matches(name, [n for n in dir(gxe) if n.startswith("Expect")], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise SpecError(f"data.validate.expectations: Great Expectations has no {name}{hint}")


def _made(kind: type[Any], declared: Expectation) -> Any:
    try:
        return kind(**declared.arguments)
    except (ValueError, TypeError) as error:
        raise SpecError(
            f"data.validate.expectations: {declared.name} of {declared.table} does not take "
            f"{_plain(declared.arguments)} ({_said(error)}); correct its arguments"
        ) from error


def _said(error: Exception) -> str:
    wrong = getattr(error, "errors", None)
    if not callable(wrong):
        return str(error).splitlines()[0]
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong())


def _plain(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items()) or "no arguments"


def _columns(made: Any) -> tuple[str, ...]:
    named: list[str] = []
    for attribute in _NAMING_COLUMNS:
        value = getattr(made, attribute, None)
        if isinstance(value, str):
            named.append(value)
        elif isinstance(value, list | tuple | set):
            named += [column for column in value if isinstance(column, str)]
    return tuple(dict.fromkeys(named))


def _severity(kind: type[Any], declared: Expectation) -> Severity:
    by_row = issubclass(kind, _BY_ROW)
    if declared.severity == "quarantine" and not by_row:
        raise SpecError(
            f"data.validate.expectations: {declared.name} of {declared.table} looks at the table "
            "as a whole, so there are no rows to set aside; its severity is critical or warning"
        )
    return declared.severity or ("quarantine" if by_row else "critical")
