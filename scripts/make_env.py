"""Write `.env` with random secrets for docker-compose.yaml, once: `make env`."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FERNET_KEY = "AIRFLOW_FERNET_KEY"


def main() -> int:
    """Write the file, or say what an earlier one lacks. Return the exit code."""
    example, env = PROJECT / ".env.example", PROJECT / ".env"
    try:
        write_env(example, env)
    except FileExistsError:
        lacking = missing(example, env)
        if not lacking:
            print(f"{env} is there already and complete; it was left as it is")
            return 0
        print(f"{env} is there already and was left as it is; add to it: {', '.join(lacking)}")
        return 1
    print(f"wrote {env}, readable by you alone; AIRFLOW_ADMIN_PASSWORD in it logs you in as admin")
    return 0


def write_env(example: Path, env: Path) -> None:
    """Copy the example, with a random value for each name that has none.

    Raises
    ------
    FileExistsError
        If `env` is there. It is never written over: its secrets open what is already stored.
    """
    lines = (_filled(line) for line in example.read_text().splitlines())
    descriptor = os.open(env, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{line}\n" for line in lines)


def missing(example: Path, env: Path) -> list[str]:
    """Return the secrets of the example that `env` gives no value."""
    return [name for name in _values(example) if not _values(env).get(name)]


def _filled(line: str) -> str:
    name, is_setting, value = line.partition("=")
    if line.startswith("#") or not is_setting or value:
        return line
    if name == FERNET_KEY:
        return f"{name}={base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"
    return f"{name}={secrets.token_urlsafe(48)}"


def _values(path: Path) -> dict[str, str]:
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, sign, value in pairs if sign and not name.startswith("#")}


if __name__ == "__main__":
    sys.exit(main())
