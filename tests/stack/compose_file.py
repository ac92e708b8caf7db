"""docker-compose.yaml and Dockerfile as these tests read them: parsed, without an engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("init", "mlflow", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
"""The services that run the project's image."""
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY$")
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[-?])?([^${}]*)")
_VARIABLE_WHOLE = re.compile(r"\$\{([A-Z_]+)(?:(:[-?])([^${}]*))?\}")


@dataclass(frozen=True)
class Variable:
    """A variable that the file asks for: ``${NAME:-default}`` or ``${NAME:?message}``."""

    name: str
    kind: str
    rest: str


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
    return document


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def variables() -> list[Variable]:
    """Return every use of a variable, also those inside another's default."""
    text = (PROJECT / "docker-compose.yaml").read_text()
    return [Variable(*found) for found in _VARIABLE.findall(text)]


def example() -> dict[str, str]:
    """Return what `.env.example` sets; of what it only mentions, the value that it mentions."""
    lines = (PROJECT / ".env.example").read_text().splitlines()
    settings = [line.lstrip("#") for line in lines if re.match(r"#?[A-Z_]+=", line)]
    return {line.partition("=")[0]: line.partition("=")[2] for line in settings}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments on one line each."""
    text = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines]


def copied() -> list[str]:
    """Return what the Dockerfile copies from the project's folder."""
    found: list[str] = []
    for name, arguments in instructions():
        if name == "COPY" and "--from=" not in arguments:
            found += [word for word in arguments.split()[:-1] if not word.startswith("--")]
    return found


def is_ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path from the builder; the last pattern that fits decides."""
    ignored = False
    for line in (PROJECT / ".dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if line.strip() and not line.startswith("#") and _fits(pattern, path):
            ignored = not line.startswith("!")
    return ignored


def _fits(pattern: str, path: str) -> bool:
    parts = path.split("/")
    if pattern.startswith("**/"):
        return any(fnmatch(part, pattern[3:]) for part in parts)
    depth = pattern.count("/") + 1
    return len(parts) >= depth and fnmatch("/".join(parts[:depth]), pattern)


def interpolated(text: str, values: dict[str, str]) -> str:
    """Put variables in as Compose does, the innermost first."""
    while found := _VARIABLE_WHOLE.search(text):
        name, kind, rest = found.groups()
        value = values.get(name) or (rest if kind == ":-" else None)
        assert value is not None, f"{name} is not set: {rest}"
        text = text[: found.start()] + value + text[found.end() :]
    return text
