"""A freeze, what owners are told, and assets, through the real scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from real_airflow import RealAirflow, Run

from lamplighter.contracts import Actor
from servers import WebServer, web_server
from world import day

pytestmark = pytest.mark.scheduler

ANNA = Actor(name="anna", kind="os_user")
SECRET = "sw0rdfish"


@pytest.fixture(scope="module")
def chat(airflow: RealAirflow) -> Iterator[WebServer]:
    """The server behind the connection `chat`; nobody listens behind `away`."""
    with web_server() as server:
        for name, port in (("chat", server.port), ("away", 1)):
            airflow.post(
                "connections",
                {
                    "connection_id": name,
                    "conn_type": "http",
                    "host": "http://127.0.0.1",
                    "port": port,
                    "password": SECRET,
                },
            )
        yield server


@pytest.fixture(scope="module")
def frozen_night(airflow: RealAirflow, chat: WebServer) -> Run:
    airflow.stores.ledger.freeze("told", reason="stocktaking", actor=ANNA)
    night = airflow.start("told__train", as_of=day(50).isoformat())
    assert night.wait() == "success"
    return night


def test_a_night_under_a_freeze_is_green_judges_and_says_why_nothing_changed(
    airflow: RealAirflow, chat: WebServer, frozen_night: Run
) -> None:
    ledger = airflow.stores.ledger
    assert frozen_night.handed("decide_promotion")["verdict"] == "promote"
    assert ledger.champion("told") is None
    assert [version.version for version in ledger.versions("told")] == ["1"]
    (_, headers, said) = chat.posted[0]
    assert (said["event"], said["model"], said["owner"]) == ("no_change", "told", "shop")
    assert "Not released: told is frozen by anna (OS user) since " in said["text"]
    assert headers["Authorization"] == f"Bearer {SECRET}"
    page = airflow.page(said["link"].removeprefix(airflow.address))
    assert (page[0], "stocktaking" in page[1]) == (200, True)


def test_a_route_that_does_not_work_is_a_line_in_the_log_without_a_secret(
    frozen_night: Run,
) -> None:
    log = frozen_night.log("report_run")
    assert "could not be told by webhook: connection away does not answer" in log
    assert SECRET not in log


def test_what_was_read_is_announced_and_a_champion_that_is_none_is_not(
    airflow: RealAirflow, frozen_night: Run
) -> None:
    snapshot = frozen_night.handed("validate_data")
    (event,) = events(airflow, "lamplighter://told/snapshot")
    assert event["extra"] == {"digest": snapshot["digest"], "as_of": "2024-02-20T00:00:00+00:00"}
    assert event["source_task_id"] == "validate_data"
    assert events(airflow, "lamplighter://told/champion") == []


def test_once_unfrozen_the_night_releases_and_everyone_is_told_once(
    airflow: RealAirflow, chat: WebServer, frozen_night: Run
) -> None:
    ledger = airflow.stores.ledger
    ledger.unfreeze("told", reason="done", actor=ANNA)
    told = len(chat.posted)
    for _ in range(2):
        frozen_night.clear("release_model")
        assert frozen_night.wait() == "success"
    assert ledger.champion("told").version == "1"
    (said,) = [document for _, _, document in chat.posted[told:]]
    assert (said["event"], said["as_of"]) == ("promotion", "2024-02-20T00:00:00+00:00")
    announced = events(airflow, "lamplighter://told/champion")
    assert {event["extra"]["version"] for event in announced} == {"1"}
    assert announced[0]["extra"]["digest"] == ledger.champion("told").artifact.digest


def test_a_night_that_could_not_even_begin_is_told_too(
    airflow: RealAirflow, chat: WebServer, frozen_night: Run
) -> None:
    told = len(chat.posted)
    in_an_hour = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    night = airflow.start("told__train", as_of=in_an_hour.isoformat())
    assert night.wait() == "failed"
    assert night.states()["report_run"] == "skipped"
    (said,) = [document for _, _, document in chat.posted[told:]]
    assert (said["event"], said["level"]) == ("failure", "critical")
    assert "resolve_spec failed in the run" in said["text"]
    assert "lies in the future" in said["text"]


def events(airflow: RealAirflow, uri: str) -> list[dict[str, Any]]:
    """Return what was announced about an asset, the newest first."""
    found = airflow.get("assets?only_active=false&limit=100")["assets"]
    ids = [asset["id"] for asset in found if asset["uri"] == uri]
    return [
        event
        for number in ids
        for event in airflow.get(f"assets/events?asset_id={number}&order_by=-timestamp")[
            "asset_events"
        ]
    ]
