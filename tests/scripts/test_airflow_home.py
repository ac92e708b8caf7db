"""Airflow's home on one machine: what its configuration promises."""

import configparser

from airflow_home import write_home
from sqlalchemy import create_engine, text


def test_who_writes_to_the_database_waits_for_its_turn_for_a_minute(tmp_path):
    write_home(tmp_path, port=8080)
    config = configparser.RawConfigParser()
    config.read(tmp_path / "airflow.cfg")
    engine = create_engine(config["database"]["sql_alchemy_conn"])
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 60_000
    assert (tmp_path / "airflow.db").exists()
