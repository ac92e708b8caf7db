"""Read a spec file, lay the environment's overlay over it, and say all that is wrong at once."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from lamplighter.errors import SpecError
from lamplighter.spec.model import ModelSpec
from lamplighter.spec.unions import Found, Location, told_apart
from lamplighter.spec.values import DOTTED_PATTERN, NAME_PATTERN
from lamplighter.spec.yaml_text import SpecLoader, parse_yaml

_MOST_VALUES = 20_000
_DEEPEST = 50

_PATTERNS = {
    NAME_PATTERN: "a name of lower-case letters, digits and _, such as late_flights",
    DOTTED_PATTERN: "a dotted path such as my_package.module:function",
}
_ANOTHER_FORMAT = (
    "and this Lamplighter reads specs of version 1; write the spec in that version, or install a "
    "Lamplighter that knows the other"
)
_SHAPES = {
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "keys of its own below it",
    "model_type": "keys of its own below it",
    "date_type": "a date such as 2013-01-31",
    "date_from_datetime_parsing": "a date such as 2013-01-31",
    "date_from_datetime_inexact": "a date such as 2013-01-31",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a spec: where, and what to do."""

    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "line -"
        said = f"{self.key}: {self.message}" if self.key else self.message
        return f"{where:<8} {said}"


class InvalidSpecError(SpecError):
    """A spec file with everything that is wrong with it, in the order of its lines."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.path = path
        self.problems = sorted(problems, key=lambda p: (p.line or 0, p.key))
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"{path} is not a valid spec:\n{lines}")


@dataclass(frozen=True)
class _File:
    content: Any
    lines: dict[Location, int]

    def line(self, location: Location) -> int | None:
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location)


def load_spec(path: str | Path, environment: str | None = None) -> ModelSpec:
    """Read and check one spec file.

    Parameters
    ----------
    path : path
        The YAML file.
    environment : str, optional
        Name of the environment whose overlay, ``environments/<environment>/<file name>``
        beside the file, is laid over it: mappings are merged key by key, a table's `source` is
        replaced whole, and so is everything else. Default: ``$LAMPLIGHTER_ENV``; an environment
        without an overlay for this file changes nothing.

    Raises
    ------
    InvalidSpecError
        With every problem that was found, each with its line.
    """
    path = Path(path)
    base = _read(path)
    overlay_path = _overlay(path, environment)
    overlay = _read(overlay_path) if overlay_path else None
    content = _merge(base.content, overlay.content) if overlay else base.content
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as invalid:
        problems = []
        for found in told_apart(invalid.errors(), content):
            in_overlay = overlay is not None and found.location in overlay.lines
            source = overlay if in_overlay and overlay else base
            problem = _problem(found, source)
            if in_overlay:
                problem = Problem(problem.line, f"{overlay_path}: {problem.key}", problem.message)
            problems.append(problem)
        raise InvalidSpecError(path, problems) from None


def line_of(path: str | Path, key: str, environment: str | None = None) -> int | None:
    """Return the line of a spec file on which a dotted key stands, or the nearest above it.

    None where it stands in no line of it, or in the environment's overlay.
    """
    location: Location = tuple(int(p) if p.isdigit() else p for p in key.split("."))
    overlay = _overlay(Path(path), environment)
    if overlay is not None and location in _read(overlay).lines:
        return None
    return _read(Path(path)).line(location)


def spec_paths(folder: str | Path) -> list[Path]:
    """Return the spec files of a folder in a stable order. Subfolders are not searched."""
    return sorted(p for p in Path(folder).iterdir() if p.suffix in (".yaml", ".yml"))


def _overlay(path: Path, environment: str | None) -> Path | None:
    name = os.environ.get("LAMPLIGHTER_ENV", "") if environment is None else environment
    if not name:
        return None
    overlay = path.parent / "environments" / name / path.name
    return overlay if overlay.is_file() else None


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidSpecError(path, [Problem(1, "", "not text; expected YAML in UTF-8")]) from None
    except OSError as error:
        raise SpecError(
            f"cannot read the spec {path}: {(error.strerror or str(error)).lower()}; "
            "give the path of a YAML file such as include/models/flights.yaml"
        ) from None
    walk = _Walk()
    try:
        node = yaml.compose(text, Loader=SpecLoader)
        if node is not None:
            walk.over(node)
        content = None if node is None else parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = f"not YAML: {error.problem or 'cannot be read'}"
        line = mark.line + 1 if mark else None
        raise InvalidSpecError(path, [Problem(line, "", reason)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = f"not YAML: {str(error).splitlines()[0] if str(error) else 'nested too deep'}"
        raise InvalidSpecError(path, [Problem(None, "", reason)]) from None
    if not isinstance(content, Mapping):
        found = "nothing" if content is None else type(content).__name__
        message = f"got {found}, expected keys such as model, owner, task and data"
        raise InvalidSpecError(path, [Problem(1, "", message)])
    if walk.problems:
        raise InvalidSpecError(path, walk.problems)
    return _File(dict(content), walk.lines)


@dataclass
class _Walk:
    """The line of every key, and keys that stand twice; small files only, aliases written out.

    An alias of an alias of an alias can stand for more values than fit into memory.
    """

    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0

    def over(self, node: yaml.Node, location: Location = ()) -> None:
        """Walk over a node and all below it."""
        self.values += 1
        if self.values > _MOST_VALUES:
            raise ValueError(f"more than {_MOST_VALUES:,} values, with aliases written out")
        if len(location) > _DEEPEST:
            raise ValueError(f"nested more than {_DEEPEST} deep, or an alias of itself")
        if isinstance(node, yaml.MappingNode):
            self._keys(node, location)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self.lines[(*location, index)] = value.start_mark.line + 1
                self.over(value, (*location, index))

    def _keys(self, node: yaml.MappingNode, location: Location) -> None:
        seen: dict[str, int] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.tag)
            line, below = key.start_mark.line + 1, (*location, name)
            if name in seen:
                message = f"the key stands twice, first on line {seen[name]}; keep one"
                self.problems.append(Problem(line, _dotted(below), message))
            seen[name] = line
            self.lines[below] = line
            self.over(value, below)


def _merge(base: Any, overlay: Any, key: str = "") -> Any:
    # A source is one of several kinds, so half of one and half of another would be neither.
    if key == "source" or not (isinstance(base, Mapping) and isinstance(overlay, Mapping)):
        return overlay
    merged = dict(base)
    for name, value in overlay.items():
        merged[name] = _merge(base[name], value, name) if name in base else value
    return merged


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location)


def _problem(found: Found, file: _File) -> Problem:
    location, error = found.location, found.error
    said = _message(error, location)
    if location == ("version",):
        said = f"got {_shown(error['input'])}, {_ANOTHER_FORMAT}"
    elif found.others:
        every = list(dict.fromkeys(map(_expected, (error, *found.others))))
        said = f"got {_shown(error['input'])}, expected {', '.join(every[:-1])} or {every[-1]}"
    return Problem(file.line((*location, *_named(said))), _dotted(location), said)


def _named(said: str) -> Location:
    """Return the key that a message about a whole section begins with, if it does."""
    return tuple(said.partition(" ")[0].rstrip(":").split("."))


def _message(error: ErrorDetails, location: Location) -> str:
    kind, found = error["type"], error["input"]
    if kind == "missing":
        return "required, but missing"
    if kind == "extra_forbidden":
        return f"unknown key{_nearest(location)}"
    if kind == "value_error":
        said = error["msg"].removeprefix("Value error, ")
        if not said.startswith("expected"):
            return said
        return f"got {_shown(found)}, {said}"
    if kind == "too_short":
        return f"got {_shown(found)}, expected at least {error['ctx']['min_length']}"
    if kind == "string_pattern_mismatch":
        return f"got {_shown(found)}, expected {_PATTERNS[error['ctx']['pattern']]}"
    return f"got {_shown(found)}, expected {_expected(error)}"


def _expected(error: ErrorDetails) -> str:
    if error["type"] in _SHAPES:
        return _SHAPES[error["type"]]
    said = error["msg"].removeprefix("Input should be ").replace("Input should", "should")
    return f"{said[:1].lower()}{said[1:]}"


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _nearest(location: Location) -> str:
    keys = sorted({key for section in _sections(location[:-1]) for key in _keys_of(section)})
    if not keys:
        return ""
    close = difflib.get_close_matches(str(location[-1]), keys, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(keys)}"


def _keys_of(section: type[BaseModel]) -> dict[str, Any]:
    return {f.alias or name: f.annotation for name, f in section.model_fields.items()}


def _sections(location: Location) -> list[type[BaseModel]]:
    """Find the sections that may stand at a location, through mappings and optional values."""
    found: list[Any] = [ModelSpec]
    for part in location:
        found = [inner for kind in found for inner in _below(kind, part)]
    return [kind for kind in found if _is_section(kind)]


def _below(kind: Any, part: str | int) -> list[Any]:
    """Return the kinds of value that a part of a location leads to."""
    if _is_section(kind):
        keys = _keys_of(kind)
        return _alternatives(keys[str(part)]) if part in keys else []
    if get_origin(kind) is dict:
        return _alternatives(get_args(kind)[1])
    return _alternatives(get_args(kind)[0]) if get_origin(kind) is tuple else []


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, UnionType):
        return [kind for inner in get_args(annotation) for kind in _alternatives(inner)]
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    return [annotation]


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
