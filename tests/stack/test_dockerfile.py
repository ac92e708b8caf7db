"""The image: what its Dockerfile promises, checked without an engine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from compose_file import PROJECT, copied, instructions, is_ignored


def final_stage() -> list[tuple[str, str]]:
    steps = instructions()
    last = max(index for index, (name, _) in enumerate(steps) if name == "FROM")
    return steps[last:]


def locked() -> set[str]:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    return {line.partition("==")[0] for line in lines}


def test_the_image_runs_as_somebody_else_than_root() -> None:
    users = [arguments for name, arguments in final_stage() if name == "USER"]
    assert users == ["lamplighter"]
    after = final_stage()[final_stage().index(("USER", "lamplighter")) :]
    assert {name for name, _ in after} == {"USER", "WORKDIR", "CMD"}


def test_no_frontend_has_to_be_fetched() -> None:
    assert "syntax=" not in (PROJECT / "Dockerfile").read_text()


def test_all_that_is_copied_exists_and_reaches_the_builder() -> None:
    assert copied()
    for source in copied():
        assert (PROJECT / source).exists(), source
        assert not is_ignored(source), source


def test_nothing_private_or_large_reaches_the_builder() -> None:
    for path in (".env", ".git/HEAD", "var/ledger.db", ".venv/bin/python", "tests/world.py"):
        assert is_ignored(path), path
    assert is_ignored("include/lamplighter/__pycache__/errors.cpython-312.pyc")
    assert not is_ignored("include/lamplighter/errors.py")


def test_what_is_installed_is_compiled_since_its_user_cannot_write_there() -> None:
    text = " ".join(arguments for _, arguments in instructions())
    assert "DONTWRITEBYTECODE" not in text
    assert text.count("uv pip install") == text.count("--compile-bytecode") == 2


def test_the_lock_holds_what_the_processes_need_and_no_tools() -> None:
    needed = {"apache-airflow", "apache-airflow-providers-celery", "asyncpg", "celery", "mlflow"}
    needed |= {"psycopg", "psycopg-binary", "redis", "xgboost-cpu"}
    assert needed <= locked()
    assert locked().isdisjoint({"pytest", "ruff", "mypy", "hatchling", "hypothesis", "xgboost"})


def test_the_copied_files_are_enough_to_build_the_wheel(tmp_path: Path) -> None:
    steps = instructions()
    first_stage = steps[: steps.index(("FROM", "python:3.12-slim-bookworm"))]
    for name, arguments in first_stage:
        *sources, target = arguments.split()
        for source in sources if name == "COPY" else ():
            place = tmp_path / (Path(source).name if target == "./" else target)
            if (PROJECT / source).is_dir():
                shutil.copytree(PROJECT / source, place)
            else:
                shutil.copy(PROJECT / source, place)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"lamplighter/cli/main.py", "lamplighter_airflow/plugin.py"} <= names


def test_what_airflow_has_to_find_lies_where_it_looks() -> None:
    text = {arguments for name, arguments in final_stage() if name == "COPY"}
    # Airflow imports its local settings from the folder `config` of its home.
    assert "config/airflow_local_settings.py /opt/airflow/config/airflow_local_settings.py" in text
    assert "dags /opt/lamplighter/dags" in text
    environment = next(arguments for name, arguments in final_stage() if name == "ENV")
    assert "AIRFLOW_HOME=/opt/airflow" in environment
    assert "AIRFLOW__CORE__DAGS_FOLDER=/opt/lamplighter/dags" in environment
