"""The small world that tests of steps and of the command line live in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from world import World, visits


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[..., World]:
    numbers = itertools.count()

    def make(**changes: Any) -> World:
        folder = tmp_path / f"world{next(numbers)}"
        folder.mkdir()
        return World(folder, visits(**changes))

    return make
