"""docker-compose.yaml: what it promises, checked without an engine."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from compose_file import OURS, PROJECT, SECRET, compose, example, services, variables

PARSED = """
import json, sys
from airflow.cli import cli_parser
from airflow.configuration import conf
from lamplighter.cli.main import _parser as lamplighter
from mlflow.cli import cli as mlflow

for command, *words in json.loads(sys.argv[1]):
    if command == "airflow":
        cli_parser.get_parser().parse_args(words)
    elif command == "lamplighter":
        lamplighter(words).parse_args(words)
    else:
        group, context = mlflow, mlflow.make_context("mlflow", list(words))
        while hasattr(group, "resolve_command"):
            _, group, words = group.resolve_command(context, list(words))
            context = group.make_context(group.name, list(words), parent=context)
known = conf.configuration_description
print(json.dumps({name: list(section["options"]) for name, section in known.items()}))
"""
"""Parses commands as their programs do, and prints every option that Airflow knows."""


@pytest.fixture(scope="module")
def airflow_options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Parse every command of our services; give Airflow's options by section."""
    commands = [service["command"] for name, service in services().items() if name in OURS]
    commands = [command for command in commands if command[0] != "sh"] + prepared()
    home = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(
        [sys.executable, "-c", PARSED, json.dumps(commands)],
        env={**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    options: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return options


def prepared() -> list[list[str]]:
    """Return the commands that the one-shot container runs."""
    text = (PROJECT / "scripts/container/prepare.sh").read_text()
    lines = [shlex.split(line) for line in text.splitlines() if "'" not in line]
    return [line for line in lines if line and line[0] in ("airflow", "lamplighter", "mlflow")]


def settings(name: str) -> dict[str, str]:
    found: dict[str, str] = services()[name].get("environment", {})
    return found


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    binary = compose_binary()
    if binary is None:
        pytest.skip("no Docker Compose 2 here; install one to have it check the file too")
    filled = tmp_path / "env"
    filled.write_text("".join(f"{name}={value or 'x'}\n" for name, value in example().items()))
    check = [*binary, "--env-file", str(filled), "-f", str(PROJECT / "docker-compose.yaml")]
    done = subprocess.run([*check, "config", "-q"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def compose_binary() -> list[str] | None:
    for binary in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(binary[0]):
            asked = [*binary, "version", "--short"]
            done = subprocess.run(asked, capture_output=True, text=True, check=False)
            if done.returncode == 0 and done.stdout.strip().removeprefix("v") >= "2":
                return binary
    return None


@pytest.mark.parametrize("name", services())
def test_who_waits_for_health_waits_for_a_service_that_can_tell(name: str) -> None:
    for other, waits in services()[name].get("depends_on", {}).items():
        awaited = services()[other]
        if waits["condition"] == "service_healthy":
            assert "healthcheck" in awaited, f"{name} would wait for {other} for ever"
        else:
            assert waits["condition"] == "service_completed_successfully"
            assert awaited["restart"] == "no", f"{other} never completes"


def test_every_long_running_service_says_how_it_is_cheaply_and_patiently() -> None:
    for name, service in services().items():
        if name == "init":
            continue
        check = service["healthcheck"]
        asked = " ".join(check["test"])
        assert not re.search(r"airflow|celery|mlflow ", asked.replace("/opt/airflow", "")), asked
        start = int(check["start_period"].removesuffix("s"))
        assert start >= (180 if name in OURS else 30), f"{name} has {start} s to load"


def test_tasks_are_sent_only_when_a_server_can_hand_them_out() -> None:
    for name in ("scheduler", "dag-processor", "triggerer", "worker"):
        assert services()[name]["depends_on"]["api-server"] == {"condition": "service_healthy"}
    for name in OURS[1:]:
        waits = services()[name]["depends_on"]["init"]
        assert waits == {"condition": "service_completed_successfully"}


def test_every_command_parses_and_every_option_of_airflow_exists(
    airflow_options: dict[str, list[str]],
) -> None:
    assert len(prepared()) == 3
    named = {name for service in services() for name in settings(service)} | dockerfile_settings()
    for name in named:
        if name.startswith("AIRFLOW__"):
            _, section, option = name.lower().split("__")
            assert option in airflow_options[section], f"Airflow has no option {section}.{option}"


def dockerfile_settings() -> set[str]:
    return set(re.findall(r"\b(AIRFLOW__[A-Z_]+)=", (PROJECT / "Dockerfile").read_text()))


def test_every_program_is_in_the_image() -> None:
    programs = {services()[name]["command"][0] for name in OURS} | {line[0] for line in prepared()}
    beside = Path(sys.executable).parent
    assert {name for name in programs if not (beside / name).exists()} == {"sh"}


def test_every_file_that_a_container_runs_is_copied_or_mounted() -> None:
    for name, service in services().items():
        words = [*service.get("command", []), *service.get("healthcheck", {}).get("test", [])]
        for word in words:
            inside = word.removeprefix("/opt/lamplighter/container/")
            if inside != word:
                assert (PROJECT / "scripts/container" / inside).is_file(), f"{name}: {word}"


def test_every_variable_that_the_code_reads_is_set_or_explained() -> None:
    read: set[str] = set()
    for folder in ("include", "plugins", "config"):
        for path in (PROJECT / folder).rglob("*.py"):
            read |= set(re.findall(r"[\"'](?:LAMPLIGHTER|MLFLOW)_[A-Z_]+[\"']", path.read_text()))
    assert read
    explained = (PROJECT / "docs/production.md").read_text()
    worker = settings("worker")
    for name in sorted(variable.strip("\"'") for variable in read):
        assert name in worker or f"`{name}`" in explained, (
            f"the code reads {name}: set it in docker-compose.yaml, or say in docs/production.md "
            "why it may be absent"
        )


def test_all_parts_of_airflow_have_the_same_settings() -> None:
    airflow = [name for name in OURS if name not in ("init", "mlflow")]
    assert all(settings(name) == settings("worker") for name in airflow)


def test_no_secret_has_a_value_in_the_file() -> None:
    asked = [variable for variable in variables() if SECRET.search(variable.name)]
    assert len({variable.name for variable in asked}) == 9
    assert {variable.kind for variable in asked} == {":?"}
    for service in services():
        for name, value in settings(service).items():
            if SECRET.search(name) and not name.endswith("_FILE"):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value), f"{service}: {name}={value}"
            written = re.sub(r"\$\{[A-Z_]+:\?[^}]*\}", "", value)
            assert not re.search(r"://[^/@]*:[^/@]+@", written), f"{service}: {name}={value}"


def test_the_example_names_every_variable_and_gives_no_secret() -> None:
    asked = {variable.name: variable for variable in variables()}
    assert set(example()) == set(asked)
    for name, value in example().items():
        assert (value == "") == (asked[name].kind == ":?" or asked[name].rest == ""), name


def test_every_volume_is_declared_and_used() -> None:
    mounted: set[str] = set()
    for service in services().values():
        sources = [mount.rpartition(":/")[0] for mount in service.get("volumes", [])]
        mounted |= {source for source in sources if re.fullmatch(r"[a-z]+", source)}
    assert mounted == set(compose()["volumes"])


def test_every_file_that_is_mounted_exists() -> None:
    for service in services().values():
        for mount in service.get("volumes", []):
            source = re.sub(r"^\$\{[A-Z_]+:-([^}]+)\}", r"\1", mount).partition(":")[0]
            assert not source.startswith(".") or (PROJECT / source).exists(), mount


def test_ports_are_open_to_this_machine_alone() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("${LAMPLIGHTER_BIND:-127.0.0.1}:") for port in published)


@pytest.mark.parametrize("name", services())
def test_no_service_can_take_the_whole_machine(name: str) -> None:
    limits: dict[str, Any] = services()[name]["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory"}


def test_mlflow_answers_to_the_name_by_which_its_clients_ask() -> None:
    from mlflow.server.security_utils import is_allowed_host_header

    host = settings("worker")["MLFLOW_TRACKING_URI"].removeprefix("http://")
    allowed = example()["MLFLOW_ALLOWED_HOSTS"]
    assert allowed in settings("mlflow")["MLFLOW_SERVER_ALLOWED_HOSTS"]
    for asked in (host, "localhost:5000", "127.0.0.1:5001"):
        assert is_allowed_host_header(allowed.split(","), asked)
    assert not is_allowed_host_header(allowed.split(","), "elsewhere.example:5000")
