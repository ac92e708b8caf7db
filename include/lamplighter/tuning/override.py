"""A spec's words for spaces, and an algorithm's space as a spec changes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamplighter.spec import search as spec
from lamplighter.training.space import Branch, Choice, Dimension, Plain, Range, Space
from lamplighter.tuning.space import from_unit, within


def from_spec(given: spec.Dimension) -> Dimension:
    """Return a dimension as a spec declares it; a fixed value is a choice of one."""
    if isinstance(given, spec.RangeOf):
        return Range(given.low, given.high, log=bool(given.log), whole=bool(given.whole))
    if isinstance(given, spec.ChoiceOf):
        return Choice(tuple(_option(option) for option in given.choice))
    return Choice((given,))


def overridden(
    space: Space, given: Mapping[str, spec.Dimension], errors: dict[str, str]
) -> dict[str, Dimension]:
    """Return a space with some dimensions as a spec wants them, in every branch that has them.

    Where a single option is left, what was only below it always exists.

    Parameters
    ----------
    errors : dict of str to str
        Takes what is wrong, by the parameter's name.
    """
    changed: dict[str, Dimension] = {}
    for name, own in space.items():
        dimension: Dimension = own
        if name in given:
            try:
                dimension = _narrowed(own, given[name])
            except ValueError as error:
                errors[name] = str(error)
        if isinstance(dimension, Choice):
            dimension = Choice(
                tuple(
                    Branch(option.value, overridden(option.space, given, errors))
                    if isinstance(option, Branch)
                    else option
                    for option in dimension.options
                )
            )
        changed |= _without_lone_branch(name, dimension)
    return changed


def moved_into(space: Space, start: Mapping[str, Any]) -> dict[str, Any]:
    """Return the point of a space that is nearest to a starting point, dimension by dimension.

    Examples
    --------
    >>> moved_into({"rate": Range(0.01, 0.1), "depth": Choice((4, 6))}, {"rate": 0.3, "depth": 6})
    {'rate': 0.1, 'depth': 6}
    """
    point: dict[str, Any] = {}
    for name, dimension in space.items():
        value = start.get(name)
        if isinstance(dimension, Choice):
            point[name] = value if value in dimension.values else dimension.values[0]
            point |= moved_into(dimension.below(point[name]), start)
        elif value is not None and _is_number(value):
            point[name] = within(dimension, value)
        else:
            point[name] = from_unit(dimension, 0.5)
    return point


def _option(option: spec.Value | spec.BranchOf) -> Plain | Branch:
    if isinstance(option, spec.BranchOf):
        below = {name: from_spec(given) for name, given in option.then.items()}
        return Branch(option.value, below) if below else option.value
    return option


def _narrowed(own: Dimension, given: spec.Dimension) -> Dimension:
    if isinstance(given, spec.RangeOf):
        return _range(own, given)
    chosen = from_spec(given)
    assert isinstance(chosen, Choice)
    for option, value in zip(chosen.options, chosen.values, strict=True):
        _check_option(own, option, value)
    if isinstance(own, Range):
        return Choice(tuple(round(float(v)) if own.whole else float(v) for v in chosen.values))
    return Choice(
        tuple(
            Branch(value, own.below(value)) if own.below(value) else value
            for value in chosen.values
        )
    )


def _range(own: Dimension, given: spec.RangeOf) -> Range:
    if isinstance(own, Choice):
        if any(isinstance(o, Branch) for o in own.options) or not all(map(_is_number, own.values)):
            raise ValueError(f"is no number; choose from {_listed(own)}")
        log, whole = False, all(isinstance(value, int) for value in own.values)
    else:
        log, whole = own.log, own.whole
    if log and given.log is None and given.low <= 0:
        raise ValueError(
            f"needs a low above 0, got {given.low:g}; it is drawn evenly in its logarithm, so "
            "raise low, or set log: false"
        )
    whole = whole or bool(given.whole)
    if whole and (given.low != round(given.low) or given.high != round(given.high)):
        raise ValueError(
            f"needs whole bounds, got {given.low:g} and {given.high:g}; it is a whole number"
        )
    return Range(given.low, given.high, log=log if given.log is None else given.log, whole=whole)


def _check_option(own: Dimension, option: Plain | Branch, value: Plain) -> None:
    if isinstance(option, Branch):
        raise ValueError(
            "has parameters of its own below an option; the algorithm knows by itself which those "
            "are, so give values only"
        )
    if isinstance(own, Range):
        if not _is_number(value) or (own.whole and value != round(float(value))):
            kind = "a whole number" if own.whole else "a number"
            raise ValueError(f"got {value!r}, expected {kind}")
    elif value not in own.values and not _takes_any_number(own, value):
        raise ValueError(f"got {value!r}, choose from {_listed(own)}")


def _takes_any_number(own: Choice, value: Plain) -> bool:
    plain = not any(isinstance(option, Branch) for option in own.options)
    return plain and _is_number(value) and all(map(_is_number, own.values))


def _without_lone_branch(name: str, dimension: Dimension) -> dict[str, Dimension]:
    if isinstance(dimension, Choice) and len(dimension.options) == 1:
        (value,) = dimension.values
        return {name: Choice((value,)), **dimension.below(value)}
    return {name: dimension}


def _listed(own: Choice) -> str:
    return ", ".join(map(str, own.values))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
