"""The code digest: of Lamplighter's sources, and of the packages whose functions a spec names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lamplighter.spec import ModelSpec
from lamplighter.steps.proof.code_files import changed_files, code_digest, code_files
from world import World


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of the user's own with two modules."""
    package = tmp_path / "packages" / "my_visits"
    package.mkdir(parents=True)
    for name in ("__init__", "features", "words"):
        (package / f"{name}.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "my_visits")
    sys.modules.pop("my_visits", None)
    return package


def spec_with(world: World, **features: str) -> ModelSpec:
    return ModelSpec.model_validate({**world.document, "features": features})


def test_any_file_of_a_named_package_counts_and_is_named_first(world: World, mine: Path) -> None:
    spec = spec_with(world, function="my_visits.features:make")
    then = code_files(spec)
    assert {"my_visits/features.py", "my_visits/words.py"} <= set(then)
    (mine / "words.py").write_text("NAME = 'other'\n")
    (mine / "more.py").write_text("")
    now = {**code_files(spec), "lamplighter/spec/model.py": "0", "lamplighter/training/pool.py": ""}
    assert code_digest(now) != code_digest(then)
    assert list(changed_files(then, now)) == [
        "my_visits/more.py is new",
        "my_visits/words.py is another",
        "lamplighter/training/pool.py is another",
        "lamplighter/spec/model.py is another",
    ]


def test_a_package_that_the_spec_does_not_name_does_not_count(world: World, mine: Path) -> None:
    files = code_files(spec_with(world))
    assert not any(name.startswith("my_visits") for name in files)
    assert "lamplighter/training/ensemble.py" in files
    assert not any(name.startswith("lamplighter/cli/") for name in files)
