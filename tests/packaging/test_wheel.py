"""The wheel holds both packages and all that they read, and installs the plugin's entry point."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it into a folder of its own, as an installer would."""
    out, site = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def ask(installed: Path, question: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", question],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_plugin_is_registered_by_its_entry_point_alone(installed: Path) -> None:
    (file,) = installed.glob("*.dist-info/entry_points.txt")
    entry_points = configparser.ConfigParser()
    entry_points.read(file)
    assert dict(entry_points["airflow.plugins"]) == {
        "lamplighter": "lamplighter_airflow.plugin:LamplighterPlugin"
    }


def test_an_installed_ledger_finds_its_migrations(installed: Path, tmp_path: Path) -> None:
    question = (
        "import lamplighter.ledger as ledger;"
        f"book = ledger.Ledger.open('sqlite:///{tmp_path}/ledger.db');"
        "print(ledger.__file__, book.models())"
    )
    assert ask(installed, question, tmp_path) == f"{installed}/lamplighter/ledger/__init__.py []"


def test_an_installed_report_finds_its_templates(installed: Path) -> None:
    committed = {p.name for p in PROJECT.glob("include/lamplighter/evaluation/templates/*.j2")}
    packed = {p.name for p in installed.glob("lamplighter/evaluation/templates/*.j2")}
    assert committed == packed
    assert committed


def test_no_tests_and_no_models_are_packed(installed: Path) -> None:
    folders = {p.name for p in installed.iterdir() if not p.name.endswith(".dist-info")}
    assert folders == {"lamplighter", "lamplighter_airflow"}
