"""Airflow's home on one machine: its configuration, its password and its environment."""

from __future__ import annotations

import base64
import configparser
import json
import os
import secrets
import shutil
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
USER = "admin"
_CPUS = os.cpu_count() or 2


def write_home(home: Path, *, port: int) -> str:
    """Write `airflow.cfg` and the local settings into Airflow's home. Return the admin's password.

    Keys and password are made once and kept, so that a second start is the same Airflow.
    """
    home.mkdir(parents=True, exist_ok=True)
    kept = _kept_secrets(home / "secrets.json")
    config = configparser.RawConfigParser()
    config.read_dict(_configuration(home, port=port, kept=kept))
    with _private(home / "airflow.cfg").open("w") as file:
        file.write("# Written by `make up`; a change here lasts until the next one.\n")
        config.write(file)
    with _private(home / "passwords.json").open("w") as file:
        json.dump({USER: kept["password"]}, file)
    settings = home / "config" / "airflow_local_settings.py"
    settings.parent.mkdir(exist_ok=True)
    shutil.copyfile(PROJECT / "config" / "airflow_local_settings.py", settings)
    return kept["password"]


def stack_environment(var: Path, *, mlflow_port: int) -> dict[str, str]:
    """Return the environment of everything that `up` starts.

    `AIRFLOW__*` variables of the caller's shell are left out: they would reach into this Airflow,
    which keeps its settings in its own file.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    # Without bytecode every process compiles its libraries again: minutes instead of seconds.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env |= {
        "AIRFLOW_HOME": str(var / "airflow"),
        "LAMPLIGHTER_HOME": str(var),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{mlflow_port}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "DO_NOT_TRACK": "true",
        "GX_ANALYTICS_ENABLED": "false",
        "NO_PROXY": _local(os.environ.get("NO_PROXY", "")),
        "no_proxy": _local(os.environ.get("no_proxy", "")),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }
    env.setdefault("LAMPLIGHTER_MODELS", str(PROJECT / "include" / "models"))
    return env


def _configuration(home: Path, *, port: int, kept: dict[str, str]) -> dict[str, dict[str, str]]:
    address = f"http://127.0.0.1:{port}"
    return {
        "core": {
            "dags_folder": str(PROJECT / "dags"),
            "plugins_folder": str(PROJECT / "plugins"),
            "executor": "LocalExecutor",
            # Search workers are the only tasks that run side by side; the rest is a chain.
            "parallelism": str(max(4, _CPUS + 2)),
            "max_active_tasks_per_dag": str(max(2, _CPUS)),
            "load_examples": "False",
            "fernet_key": kept["fernet_key"],
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": str(home / "passwords.json"),
            "execution_api_server_url": f"{address}/execution/",
        },
        # SQLite lets one process write at a time. The usual 5 s of waiting for one's turn are too
        # short on a busy machine: a request is answered with 500, "database is locked".
        "database": {"sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}?timeout=60"},
        "api": {
            "host": "127.0.0.1",
            "port": str(port),
            "base_url": address,
            "workers": "1",
            "secret_key": kept["secret_key"],
        },
        "api_auth": {"jwt_secret": kept["jwt_secret"]},
        "scheduler": {
            "scheduler_idle_sleep_time": "0.3",
            "task_instance_heartbeat_timeout": "120",
        },
        "dag_processor": {
            "parsing_processes": "1",
            "refresh_interval": "15",
            "min_file_process_interval": "15",
        },
        "usage_data_collection": {"enabled": "False"},
        "logging": {"base_log_folder": str(home / "logs")},
    }


def _kept_secrets(path: Path) -> dict[str, str]:
    if path.exists():
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    made = {
        "password": secrets.token_urlsafe(12),
        "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "jwt_secret": secrets.token_urlsafe(32),
        "secret_key": secrets.token_urlsafe(32),
    }
    _private(path).write_text(json.dumps(made))
    return made


def _private(path: Path) -> Path:
    path.touch(mode=0o600)
    path.chmod(0o600)
    return path


def _local(no_proxy: str) -> str:
    return ",".join(filter(None, [no_proxy, "127.0.0.1", "localhost"]))
