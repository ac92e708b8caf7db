"""What the containers of Postgres and Redis run, on servers from packages."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from database_servers import Postgres, Redis, lacking

pytestmark = pytest.mark.skipif(
    lacking() != "", reason=f"not here: {lacking()}; install the packages to run these tests"
)
OWNERS = ("airflow", "lamplighter", "mlflow")


@pytest.fixture(scope="module")
def passwords() -> dict[str, str]:
    names = ["POSTGRES_PASSWORD", *(f"{owner.upper()}_DB_PASSWORD" for owner in OWNERS)]
    return {name: secrets.token_urlsafe(24) for name in names}


@pytest.fixture(scope="module")
def postgres(passwords: dict[str, str]) -> Iterator[Postgres]:
    server = Postgres(passwords)
    yield server
    server.remove()


def connect(postgres: Postgres, user: str, password: str, database: str) -> None:
    url = f"postgresql+psycopg://{user}:{password}@{postgres.address}/{database}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE probe (n int)")
        connection.exec_driver_sql("DROP TABLE probe")


@pytest.mark.parametrize("owner", OWNERS)
def test_each_writes_to_its_own_database_and_sees_no_other(
    postgres: Postgres, passwords: dict[str, str], owner: str
) -> None:
    password = passwords[f"{owner.upper()}_DB_PASSWORD"]
    connect(postgres, owner, password, owner)
    for other in set(OWNERS) - {owner}:
        with pytest.raises(sa.exc.OperationalError, match="permission denied for database"):
            connect(postgres, owner, password, other)
    with pytest.raises(sa.exc.OperationalError, match="password authentication failed"):
        connect(postgres, owner, "wrong", owner)


def test_no_password_is_in_the_servers_log(postgres: Postgres, passwords: dict[str, str]) -> None:
    assert "ready to accept connections" in postgres.log
    assert not [name for name, value in passwords.items() if value in postgres.log]


def test_redis_asks_for_the_password_and_keeps_the_queue_over_a_restart(tmp_path: Path) -> None:
    password = secrets.token_urlsafe(24)
    redis = Redis(tmp_path / "redis", password)
    try:
        assert redis.ask("rpush", "default", "a task") == "1"
        assert "NOAUTH" in redis.ask("lrange", "default", "0", "-1", password="")
        redis.stop()
        redis.start()
        assert redis.ask("lrange", "default", "0", "-1") == "a task"
        assert redis.ask("config", "get", "maxmemory-policy").split() == [
            "maxmemory-policy", "noeviction",
        ]  # fmt: skip
    finally:
        redis.stop()
