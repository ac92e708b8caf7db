"""`lamplighter check PATH...`: everything that is wrong with spec files, at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from lamplighter.cli.output import ERROR, OK, print_json
from lamplighter.errors import SpecError
from lamplighter.spec import InvalidSpecError, ModelSpec, line_of, load_spec, spec_paths


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("path", nargs="+", help="spec files, or folders of them")
    parser.add_argument("--environment", help="overlay to lay over them; default $LAMPLIGHTER_ENV")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Check every file; exit 1 if any has a problem."""
    found = {str(p): _problems(p, arguments.environment) for p in _files(arguments.path)}
    if arguments.json:
        print_json({path: problems for path, problems in found.items()})
    else:
        for path, problems in found.items():
            print(f"{path} is {'not a valid spec:' if problems else 'a valid spec'}")
            for problem in problems:
                line = problem["line"] or "-"
                key = f"{problem['key']}: " if problem["key"] else ""
                print(f"  line {line!s:<4} {key}{problem['message']}")
    return ERROR if any(found.values()) else OK


def _files(paths: list[str]) -> list[Path]:
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            files.append(path)
            continue
        inside = spec_paths(path)
        if not inside:
            raise SpecError(f"no .yaml file lies in {path}; give a folder of specs, or a file")
        files.extend(inside)
    return files


def _problems(path: Path, environment: str | None) -> list[dict[str, object]]:
    try:
        spec = load_spec(path, environment)
    except InvalidSpecError as invalid:
        return [{"line": p.line, "key": p.key, "message": p.message} for p in invalid.problems]
    except SpecError as error:
        return [{"line": None, "key": "", "message": str(error)}]
    found = [*_dotted_paths(spec), *_search(spec), *_slices(spec)]
    return [{**p, "line": line_of(path, str(p["key"]), environment)} for p in found]


def _slices(spec: ModelSpec) -> list[dict[str, object]]:
    if spec.gate.slices is None or spec.gate.slices.metric in (None, "cost"):
        return []
    from lamplighter.evaluation.metrics import metric_named

    try:
        metric_named(str(spec.gate.slices.metric), spec.task)
    except SpecError as error:
        return [{"key": "gate.slices.metric", "message": str(error)}]
    return []


def _search(spec: ModelSpec) -> list[dict[str, object]]:
    if not spec.search.must_be_examined:
        return []
    from lamplighter.tuning.chosen_algorithms import problems_of

    problems = problems_of(spec.search, spec.task)
    return [{"key": p.key, "message": p.message} for p in problems]


def _dotted_paths(spec: ModelSpec) -> list[dict[str, object]]:
    from lamplighter.data.callables import load_callable

    named = {
        f"data.tables.{name}.source.python": table.source.python
        for name, table in spec.data.tables.items()
        if table.source.python
    }
    if spec.features.function:
        named["features.function"] = spec.features.function
    tests = spec.gate.behaviour.functionality if spec.gate.behaviour else ()
    for place, test in enumerate(tests):
        if isinstance(test.rows, str):
            named[f"gate.behaviour.functionality.{place}.rows"] = test.rows
    problems: list[dict[str, object]] = []
    for key, path in named.items():
        try:
            load_callable(path)
        except SpecError as error:
            problems.append({"key": key, "message": str(error)})
    return problems
