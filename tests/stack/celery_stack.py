"""The services of docker-compose.yaml as processes of this machine, with its own settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import yaml
from compose_file import PROJECT, interpolated, services
from database_servers import Postgres, Redis, free_port
from make_env import write_env
from processes import Stack, end, start

PARTS = ("mlflow", "api-server", "dag-processor", "scheduler", "triggerer")
WORKERS = ("worker-1", "worker-2")
PATIENCE_S = 600.0
QUICKER = {
    # Otherwise one would wait for minutes until the task of a dead worker is missed.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
}


class CeleryStack:
    """Postgres, Redis, MLflow, Airflow and two workers, each of which can be killed alone."""

    def __init__(self, home: Path, extra: dict[str, str]) -> None:
        self.home = home
        self._processes: dict[str, Stack] = {}
        self._watch = threading.Lock()
        self._over = threading.Event()
        write_env(PROJECT / ".env.example", home / "env")
        lines = (home / "env").read_text().splitlines()
        pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
        self.secrets = dict(pairs)
        self.restarts: list[str] = []
        self.ports = {name: free_port() for name in ("api-server", "mlflow", *WORKERS)}
        self.postgres = Postgres(self.secrets)
        self.redis = Redis(home / "redis", self.secrets["REDIS_PASSWORD"])
        self.extra = extra

    def up(self) -> None:
        """Prepare, and start every part in the order of what waits for what."""
        for folder in ("airflow/auth", "airflow/logs", "airflow/config", "mlartifacts"):
            (self.home / folder).mkdir(parents=True)
        warm = PROJECT / "config" / "airflow_local_settings.py"
        (self.home / "airflow" / "config" / warm.name).write_text(warm.read_text())
        prepared = self.run("init", *self._words("init"))
        assert prepared.returncode == 0, prepared.stdout + prepared.stderr
        for part in PARTS[:3]:
            self.start(part)
        self.wait_for_health("mlflow", "api-server")
        for part in PARTS[3:]:
            self.start(part)
        for worker in WORKERS:
            self.start(worker)
        self.wait_for_health(*PARTS, *WORKERS)
        threading.Thread(target=self._restart_what_died, daemon=True).start()

    def start(self, name: str) -> None:
        """Start a service; its output goes to a log of its name."""
        service, words = _service(name), self._words(_service(name))
        if service == "worker":
            words += ["--celery-hostname", f"{name}@%h"]
        stack = Stack.new({})
        log = self.log_file(name)
        begun = start(name, words, stack=stack, env=self.environment(name), log=log, cwd=self.home)
        with self._watch:
            self._processes[name] = stack.with_process(begun)

    def stop(self, name: str) -> None:
        """End a service as `docker stop` does."""
        end(self._take(name), grace_s=20)

    def kill(self, name: str) -> list[int]:
        """End a worker and all that it started at once, as a machine ends that loses its power."""
        (begun,) = self._take(name).processes
        parent = psutil.Process(begun.pid)
        victims = [parent, *parent.children(recursive=True)]
        for victim in victims:
            victim.send_signal(signal.SIGSTOP)  # or the parent would start new ones meanwhile
        for victim in victims:
            victim.kill()
        psutil.wait_procs(victims, timeout=10)
        return [victim.pid for victim in victims]

    def worker_of(self, pid: int) -> str:
        """Name the worker that a task's process belongs to."""
        ancestors = {parent.pid for parent in psutil.Process(pid).parents()}
        return next(name for name in WORKERS if self._processes[name].processes[0].pid in ancestors)

    def down(self) -> None:
        """End everything."""
        self._over.set()
        for name in reversed(list(self._processes)):
            end(self._take(name), grace_s=3)
        self.redis.stop()
        self.postgres.remove()

    @contextmanager
    def without(self, *parts: str, for_s: float) -> Iterator[None]:
        """Take parts away, do something, and bring them back when the time is over."""
        for part in parts:
            self._switch(part, on=False)
        began = time.monotonic()
        yield
        time.sleep(max(0.0, for_s - (time.monotonic() - began)))
        for part in parts:
            self._switch(part, on=True)

    def wait_for_health(self, *names: str) -> None:
        """Ask each service's own health check until it says yes."""
        deadline = time.monotonic() + PATIENCE_S
        for name in names:
            while self.run(name, *self._check(name)).returncode != 0:
                died = [other for other, stack in self._processes.items() if stack.dead]
                assert not died, self.log_file(died[0]).read_text()[-3000:]
                assert time.monotonic() < deadline, f"{name}: {self.log_file(name)}"
                time.sleep(1)

    def dump(self, database: str) -> bytes:
        """Return all rows of a database, as Postgres itself writes them for a backup."""
        url = f"postgresql://postgres:{self.secrets['POSTGRES_PASSWORD']}@{self.postgres.address}"
        done = subprocess.run(
            ["pg_dump", "--data-only", "--inserts", f"{url}/{database}"],
            capture_output=True, check=True, timeout=PATIENCE_S,
        )  # fmt: skip
        return done.stdout

    def run(self, name: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a service's environment, as `docker compose exec` does."""
        return subprocess.run(
            list(words), env=self.environment(name), cwd=self.home, capture_output=True, text=True,
            check=False, timeout=PATIENCE_S,
        )  # fmt: skip

    def environment(self, name: str) -> dict[str, str]:
        """Return a service's environment of docker-compose.yaml, with this machine's places."""
        env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "AIRFLOW_HOME": "/opt/airflow",
            "AIRFLOW__CORE__DAGS_FOLDER": "/opt/lamplighter/dags",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        if "PYTHONPATH" in os.environ:
            env["PYTHONPATH"] = os.environ["PYTHONPATH"]
        declared = services()[_service(name)].get("environment", {})
        env |= {name: interpolated(value, self.secrets) for name, value in declared.items()}
        env = {name: self._here(value) for name, value in env.items()}
        if name != "mlflow":
            env |= QUICKER | self.extra
            env["AIRFLOW__API__HOST"] = "127.0.0.1"
            env["AIRFLOW__API__PORT"] = str(self.ports["api-server"])
        if name in WORKERS:
            env["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] = str(self.ports[name])
        return env

    def log_file(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"

    def log(self, name: str) -> str:
        return self.log_file(name).read_text(errors="replace")

    def _take(self, name: str) -> Stack:
        with self._watch:
            return self._processes.pop(name)

    def _restart_what_died(self) -> None:
        """Do what `restart: unless-stopped` asks of the engine."""
        while not self._over.wait(1):
            with self._watch:
                died = [name for name, stack in self._processes.items() if stack.dead]
            for name in died:
                assert services()[_service(name)]["restart"] == "unless-stopped"
                self.restarts.append(name)
                self.start(name)

    def _switch(self, part: str, *, on: bool) -> None:
        if part in ("postgres", "redis"):
            server = self.postgres if part == "postgres" else self.redis
            server.start() if on else server.stop()
        else:
            (self.start if on else self.stop)(part)

    def _words(self, service: str) -> list[str]:
        words = [self._here(word) for word in services()[service]["command"]]
        if service == "mlflow":
            words[words.index("--host") + 1] = "127.0.0.1"
            words[words.index("--port") + 1] = str(self.ports["mlflow"])
        return words

    def _check(self, name: str) -> list[str]:
        asked = [self._here(word) for word in services()[_service(name)]["healthcheck"]["test"][1:]]
        port = self.ports.get(name, self.ports["api-server"])
        return [word.replace("127.0.0.1:8793", f"127.0.0.1:{port}") for word in asked]

    def _here(self, text: str) -> str:
        """Put this machine's places in, for those inside the containers."""
        for inside, here in self._places().items():
            text = text.replace(inside, here)
        return text

    def _places(self) -> dict[str, str]:
        api_server = f"127.0.0.1:{self.ports['api-server']}"
        mlflow = f"127.0.0.1:{self.ports['mlflow']}"
        return {
            "postgres:5432": self.postgres.address,
            "redis:6379": self.redis.address,
            "api-server:8080": api_server,
            "127.0.0.1:8080": api_server,
            "localhost:8080": api_server,
            "mlflow:5000": mlflow,
            "127.0.0.1:5000": mlflow,
            "/opt/airflow": str(self.home / "airflow"),
            "/var/lib/lamplighter": str(self.home),
            "/var/lib/mlflow": str(self.home / "mlartifacts"),
            "/opt/lamplighter/models": str(self.home / "models"),
            "/opt/lamplighter/dags": str(PROJECT / "dags"),
            "/opt/lamplighter/container": str(PROJECT / "scripts" / "container"),
        }


def plant_flights(home: Path, *names: str) -> None:
    """Write the spec of the flights under several names, with the demo's overlay."""
    models = home / "models"
    overlays = models / "environments" / "demo"
    overlays.mkdir(parents=True)
    shipped = PROJECT / "include" / "models"
    for name in names:
        spec = yaml.safe_load((shipped / "flights.yaml").read_text())
        spec |= {"model": name, "schedule": {"cron": None}}
        (models / f"{name}.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
        overlay = (shipped / "environments" / "demo" / "flights.yaml").read_text()
        (overlays / f"{name}.yaml").write_text(overlay)


def _service(name: str) -> str:
    return "worker" if name in WORKERS else name
