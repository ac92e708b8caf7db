"""A Postgres and a Redis of these tests' own, which can be stopped and started again."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from compose_file import PROJECT
from processes import Stack, end, start

CREATE_DATABASES = PROJECT / "scripts" / "container" / "create_databases.sql"
REDIS = PROJECT / "scripts" / "container" / "redis.sh"


def lacking() -> str:
    """Name the programs that these tests need and that are not here."""
    found = {
        "postgresql": _postgres_binaries() is not None and shutil.which("psql") is not None,
        "redis-server": shutil.which("redis-server") is not None,
    }
    return ", ".join(package for package, is_here in found.items() if not is_here)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Postgres:
    """A server on loopback that asks for passwords, with the databases that the stack creates."""

    def __init__(self, environment: dict[str, str]) -> None:
        binaries = _postgres_binaries()
        assert binaries is not None
        self.port = free_port()
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        self._as_owner: dict[str, str] = {}
        if os.getuid() == 0:  # as root it refuses to run
            owner = _someone_else_than_root()
            os.chown(self._folder, pwd.getpwnam(owner).pw_uid, -1)
            self._as_owner = {"user": owner}
        password = environment["POSTGRES_PASSWORD"]
        told = self._folder / "password"
        told.write_text(password)
        told.chmod(0o644)  # its folder is closed to others
        self._run(
            "initdb", "-A", "scram-sha-256", "-U", "postgres", "--no-sync", f"--pwfile={told}"
        )
        told.unlink()
        self.start()
        self._admin = {**os.environ, **environment, "PGPASSWORD": password}
        self.ask(file=CREATE_DATABASES)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    def ask(self, *words: str, file: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run psql as the administrator, as the container does when its volume is empty."""
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        what = ["-f", str(file)] if file else list(words)
        command = ["psql", "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-qtA", *where, *what]
        done = subprocess.run(
            command, env=self._admin, capture_output=True, text=True, check=True, timeout=60
        )
        return done

    def start(self) -> None:
        settings = f"-p {self.port} -k {self._folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        settings += " -c max_connections=200"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", settings, "start")

    def stop(self) -> None:
        """Stop it as `docker stop` does: sessions are ended, what was committed is kept."""
        self._run("pg_ctl", "-w", "-m", "fast", "stop")

    def remove(self) -> None:
        self._run("pg_ctl", "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *words: str, check: bool = True) -> None:
        command = [str(self._binaries / program), "-D", str(self._folder / "data"), *words]
        done = subprocess.run(
            command, cwd=self._folder, check=False, timeout=120, stdout=subprocess.DEVNULL,
            **self._as_owner,
        )  # fmt: skip
        assert done.returncode == 0 or not check, f"{program} ended with {done.returncode}"


class Redis:
    """A server on loopback, started by the script that the container runs."""

    def __init__(self, folder: Path, password: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._password = password
        folder.mkdir()
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        env = {
            "PATH": os.environ["PATH"],
            "REDISCLI_AUTH": self._password,
            "REDIS_PORT": str(self.port),
            "REDIS_FOLDER": str(self._folder),
        }
        stack = Stack.new({})
        log = self._folder / "log"
        begun = start("redis", ["sh", str(REDIS)], stack=stack, env=env, log=log, cwd=self._folder)
        self._stack = stack.with_process(begun)
        deadline = time.monotonic() + 30
        while self.ask("ping") != "PONG":
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

    def stop(self) -> None:
        end(self._stack)

    def ask(self, *words: str, password: str | None = None) -> str:
        env = {**os.environ, "REDISCLI_AUTH": self._password if password is None else password}
        command = ["redis-cli", "-p", str(self.port), *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.stdout.strip()


def _postgres_binaries() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _someone_else_than_root() -> str:
    known = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
