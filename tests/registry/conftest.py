"""A registry of its own for each test, and a file to register."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lamplighter.registry.mlflow_registry import Registry

SCRIPT = Path(__file__).with_name("register_once.py")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # MLflow takes a second to create its schema: once is enough.
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    Registry(f"sqlite:///{path}").versions("nothing")
    return path


@pytest.fixture
def address(tmp_path: Path, empty_database: Path) -> str:
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def registry(address: str) -> Registry:
    return Registry(address)


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    path = tmp_path / "judged.bin"
    path.write_bytes(b"what was judged" * 1_000)
    return path


@pytest.fixture(scope="session")
def registration() -> Callable[..., dict[str, Any]]:
    return runpy.run_path(str(SCRIPT))["registration"]  # type: ignore[no-any-return]


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a process that registers; what still runs at the end is ended."""
    started: list[subprocess.Popen[str]] = []

    def starter(
        address: str,
        key: str,
        predictor: Path,
        *,
        die_after: str = "never",
        meet_after: str = "never",
        at: float = 0,
    ) -> subprocess.Popen[str]:
        arguments = [address, key, str(predictor), die_after, meet_after, str(at)]
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        started.append(process)
        return process

    yield starter
    for process in started:
        process.kill()
        process.communicate()
