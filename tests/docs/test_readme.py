"""What the README and the docs show is so."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lamplighter.cli.main import main
from lamplighter.spec import load_spec

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])


def test_the_spec_in_the_readme_is_valid(tmp_path: Path) -> None:
    text = (PROJECT / "README.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    path = tmp_path / "churn.yaml"
    path.write_text(block)
    assert load_spec(path).model == "churn"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)", page.read_text())
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_make_target_that_the_docs_name_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {t for page in PAGES for t in re.findall(r"`?make ([a-z-]+)", page.read_text())}
    assert named - targets <= {"sure", "a", "it"}


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "plan",
        "check",
        "run",
        "score",
        "evaluate",
        "history",
        "champion",
        "promote",
        "rollback",
        "adopt",
        "doctor",
    ],
)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert "usage: lamplighter" in capsys.readouterr().out


def test_nothing_that_is_committed_names_a_machines_folder() -> None:
    pattern = r"/(root|work|home/[a-z]+)/[A-Za-z]"
    found = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", ".", ":!tests/docs"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""
