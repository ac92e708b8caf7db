"""The ways by which an owner is told, against a real mail server and a real web server."""

import json
import logging
import sys
import time

import pytest

from lamplighter.ledger import Ledger
from lamplighter.spec.operations import Owner
from lamplighter.steps.night_messages import message
from lamplighter_airflow import notifications
from lamplighter_airflow.notifications import tell
from servers import mail_server, web_server

SECRET = "sw0rdfish"


@pytest.fixture(autouse=True)
def _without_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def ledger(tmp_path):
    return Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def told(ledger):
    """Tell an owner with these routes of a failure; returns how many ways were written down."""

    def tell_one(*routes, **others):
        owner = Owner.model_validate({"team": "shop", "notify": list(routes), **others})
        said = message(
            owner, "failure", model="tea", about="x", title="the night failed",
            sentences=("brew_tea failed: {{ 1/0 }} <cold>.",), link="http://here/night?a=1&b=2",
        )  # fmt: skip
        tell({}, owner, [said], ledger=ledger)
        return len(ledger.notices("tea"))

    return tell_one


@pytest.fixture
def connect(monkeypatch):
    """Give Airflow a connection."""

    def add(name, **values):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(values))
        return name

    return add


def test_a_webhook_gets_json_that_chat_systems_show(told, connect):
    with web_server() as server:
        hook = connect(
            "hook", conn_type="http", host="http://127.0.0.1", port=server.port,
            password=SECRET, extra={"path": "/services/T/B", "headers": {"X-Team": "tea"}},
        )  # fmt: skip
        assert told({"via": "webhook", "connection": hook}) == 1
        assert told({"via": "webhook", "connection": hook}) == 1
    ((path, headers, document),) = server.posted
    assert path == "/services/T/B"
    assert (headers["Authorization"], headers["X-Team"]) == (f"Bearer {SECRET}", "tea")
    assert document["text"].startswith(
        "[critical] tea: the night failed\nbrew_tea failed: {{ 1/0 }}"
    )
    assert (document["event"], document["level"], document["model"]) == (
        "failure", "critical", "tea"
    )  # fmt: skip
    assert document["link"] == "http://here/night?a=1&b=2"


def test_a_webhook_may_be_given_as_one_address(told, monkeypatch):
    with web_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_HOOK", f"http://ada:pw@127.0.0.1:{server.port}/a/b")
        assert told({"via": "webhook", "connection": "hook"}) == 1
    ((path, headers, _),) = server.posted
    assert path == "/a/b"
    assert headers["Authorization"].startswith("Basic ")


def test_a_mail_holds_the_sentences_and_the_link_as_they_are(told, connect):
    with mail_server() as server:
        mail = connect(
            "mail", conn_type="smtp", host="127.0.0.1", port=server.port,
            extra={"from_email": "lamp@example.org", "disable_ssl": True, "disable_tls": True},
        )  # fmt: skip
        route = {"via": "smtp", "connection": mail, "to": ["ada@example.org", "bo@example.org"]}
        assert told(route) == 1
        assert told(route | {"to": []}, email="team@example.org") == 2
    (receivers, mail), (others, _) = server.mailed
    assert receivers == ["ada@example.org", "bo@example.org"]
    assert others == ["team@example.org"]
    assert mail["Subject"] == "[critical] tea: the night failed"
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    page = part.get_payload(decode=True).decode()
    assert "brew_tea failed: {{ 1/0 }} &lt;cold&gt;." in page
    assert 'href="http://here/night?a=1&amp;b=2"' in page


def test_apprise_passes_it_on_to_every_service_of_the_connection(told, connect):
    with web_server() as server:
        services = [{"path": f"json://127.0.0.1:{server.port}/{n}", "tag": "a"} for n in (1, 2)]
        apprise = connect("apprise", conn_type="apprise", extra={"config": services})
        assert told({"via": "apprise", "connection": apprise}) == 1
    assert sorted(path for path, _, _ in server.posted) == ["/1", "/2"]
    assert server.posted[0][2]["title"] == "[critical] tea: the night failed"


def test_the_log_is_told_as_severely_as_the_event_is(told, caplog):
    assert told({}) == 1
    assert told({"via": "log"}) == 1
    lines = [r for r in caplog.records if "brew_tea failed: {{ 1/0 }}" in r.getMessage()]
    assert [line.levelname for line in lines] == ["ERROR"]


@pytest.mark.parametrize("via", ["webhook", "apprise"])
def test_a_service_that_refuses_counts_as_not_told(told, connect, caplog, via):
    with web_server(status=403) as server:
        address = f"127.0.0.1:{server.port}/{SECRET}"
        extra = {"config": {"path": f"json://{address}", "tag": "a"}} if via == "apprise" else {}
        name = connect("it", conn_type="http", host=f"http://{address}", extra=extra)
        caplog.set_level(logging.INFO)
        assert told({"via": via, "connection": name}) == 0
        assert len(server.posted) == 1
    assert "tea: the night failed could not be told by" in caplog.text
    assert SECRET not in caplog.text


def test_a_server_that_keeps_us_waiting_is_left_behind(told, connect, caplog, monkeypatch):
    monkeypatch.setattr(notifications, "PATIENCE_S", 0.3)
    with web_server(slow_s=4.0) as server:
        hook = connect("hook", conn_type="http", host="http://127.0.0.1", port=server.port)
        began = time.monotonic()
        assert told({"via": "webhook", "connection": hook}) == 0
        assert time.monotonic() - began < 3.0
    assert "took longer than 0 s and was left behind" in caplog.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (None, "there is no Airflow connection it; add it with"),
        ({"conn_type": "http"}, "connection it has no host"),
        ({"conn_type": "http", "host": "http://127.0.0.1", "port": 1}, "does not answer (ConnectE"),
        ({"conn_type": "http", "host": "http://[" + SECRET}, "it"),
    ],
    ids=["none", "empty", "away", "nonsense"],
)
def test_a_connection_that_does_not_work_is_named_and_breaks_nothing(
    told, connect, caplog, values, said
):
    if values is not None:
        connect("it", password=SECRET, **values)
    assert told({"via": "webhook", "connection": "it"}) == 0
    assert said in caplog.text
    assert SECRET not in our_lines(caplog)


@pytest.mark.parametrize(
    ("via", "module"),
    [("smtp", "airflow.providers.smtp.notifications.smtp"), ("apprise", "apprise")],
)
def test_a_provider_that_is_missing_is_named_and_breaks_nothing(
    told, connect, caplog, monkeypatch, via, module
):
    monkeypatch.setitem(sys.modules, module, None)
    it = connect("it", conn_type=via, extra={"config": []})
    assert told({"via": via, "connection": it, "to": ["a@example.org"]}) == 0
    assert f"{module} is not installed; install lamplighter[notify]" in caplog.text


@pytest.mark.parametrize("via", ["smtp", "apprise"])
def test_a_mail_server_or_service_that_is_away_breaks_nothing(told, connect, caplog, via):
    it = connect("it", conn_type=via, host="127.0.0.1", port=1, login="u", password=SECRET)
    assert told({"via": via, "connection": it, "to": ["a@example.org"]}) == 0
    assert f"could not be told by {via}" in caplog.text
    assert SECRET not in our_lines(caplog)


def our_lines(caplog):
    """Return what Lamplighter itself logged; Airflow masks secrets in all lines of a task."""
    return "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("lamplighter"))


def test_a_value_in_a_sentence_calls_nobody_in_a_chat():
    assert notifications._chat_text("origin is <!channel> & JFK") == (
        "origin is &lt;!channel&gt; &amp; JFK"
    )
