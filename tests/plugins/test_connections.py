"""Names of sql sources are found among environment variables and Airflow's connections."""

from __future__ import annotations

import pytest

from lamplighter.errors import SpecError
from lamplighter_airflow.connections import connection_url


def test_an_airflow_connection_becomes_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://me:p%40ss@db.example:5432/shop")
    assert connection_url("warehouse") == "postgresql://me:p%40ss@db.example:5432/shop"


def test_an_environment_variable_of_the_very_name_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE", "sqlite:///shop.db")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://other/shop")
    assert connection_url("WAREHOUSE") == "sqlite:///shop.db"


def test_a_name_that_nobody_knows_says_how_to_add_it() -> None:
    with pytest.raises(SpecError, match="airflow connections add nowhere"):
        connection_url("nowhere")
