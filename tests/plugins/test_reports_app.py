"""Who may read the reports, and what can be asked for."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from starlette.routing import Route

from lamplighter.contracts import Actor, RunRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.ledger import Ledger
from lamplighter_airflow import reports_app

SECRET = "not a report"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with one report, and a file beside the artifacts that is none."""
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    store = ArtifactStore(str(tmp_path / "lake" / "artifacts"))
    store.write("flights/abc/night.html", b"<p>a quiet night</p>")
    store.write("flights/abc/night.json", b"{}")
    store.write("flights/abc/model.predictor", SECRET.encode())
    store.write("penguins/abc/night.html", SECRET.encode())
    (tmp_path / "lake" / "secret.html").write_text(SECRET)
    return tmp_path


@pytest.fixture
def anonymous():
    """A client that has not logged in."""
    return TestClient(reports_app.app, raise_server_exceptions=False)


@pytest.fixture
def reader(home):
    """A client whom Airflow lets see the DAG's runs."""
    permission = reports_app._MAY_SEE_RUNS.dependency
    reports_app.app.dependency_overrides[permission] = lambda: None
    yield TestClient(reports_app.app, follow_redirects=False)
    reports_app.app.dependency_overrides.clear()


def test_every_page_refuses_who_has_not_logged_in(anonymous):
    paths = [route.path for route in reports_app.app.routes if isinstance(route, Route)]
    assert len(paths) == 3
    for path in paths:
        address = path.replace("{key:path}", "d/k.html").format(dag_id="d__train", run_id="r")
        assert anonymous.get(address).status_code == 401, path


def test_a_report_is_shown_and_may_run_nothing(reader):
    page = reader.get("/reports/flights__train/flights/abc/night.html")
    assert (page.status_code, page.text) == (200, "<p>a quiet night</p>")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_report_is_found_by_its_files_name_too_as_reports_link_to_each_other(reader, home):
    folder = home / "lake" / "artifacts" / "flights" / "abc"
    (name,) = (path.name for path in folder.glob("night-*.html"))
    assert reader.get(f"/reports/flights__train/flights/abc/{name}").text == "<p>a quiet night</p>"
    other = name.replace(name[6:22], "0" * 16)
    assert reader.get(f"/reports/flights__train/flights/abc/{other}").status_code == 404


def test_the_numbers_are_shown_as_json(reader):
    page = reader.get("/reports/flights__score/flights/abc/night.json")
    assert page.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "key",
    [
        "flights/../../secret.html",
        "flights/%2e%2e/%2e%2e/secret.html",
        "flights/..%2f..%2fsecret.html",
        "flights//abc/night.html",
        "/etc/passwd.html",
        "..%5c..%5csecret.html",
        "flights/abc/model.predictor",
        "penguins/abc/night.html",
        "flights/%00.html",
        "flights/x%00-0123456789abcdef.html",
        f"flights/{'a' * 300}-0123456789abcdef.html",
        "flights/abc/other.html",
    ],
)
def test_nothing_but_this_models_reports_can_be_asked_for(reader, key):
    page = reader.get(f"/reports/flights__train/{key}")
    assert page.status_code == 404
    assert SECRET not in page.text


def test_who_may_see_a_dag_of_a_similar_name_may_not_see_this_models_reports(reader):
    page = reader.get("/reports/flights__etl_of_finance/flights/abc/night.html")
    assert page.status_code == 404


@pytest.mark.parametrize("what", ["nights", "validations"])
def test_a_run_that_nobody_knows_has_a_page_that_says_so(reader, what):
    page = reader.get(f"/{what}/flights__train/manual__1")
    assert page.status_code == 404
    assert "has not resolved its spec yet" in page.text


def begin_a_night(home):
    """Write down that a night of flights has begun."""
    ledger = Ledger.open(f"sqlite:///{home / 'ledger.db'}")
    ledger.put_spec("d1", model="flights", document={})
    at = datetime(2013, 7, 3, 8, tzinfo=UTC)
    run = RunRef(
        run_key="flights/run-7", model="flights", spec_digest="d1", as_of=at, knowledge_time=at,
        timeline="live", force_retrain=False, gate_mode="enforce", budget_s=None, trials=1,
        dry_run=False, reason="", actor=Actor(name="scheduler", kind="airflow"),
    )  # fmt: skip
    ledger.start_run(run_id="flights__train/manual__7", run=run)
    return run


def test_a_night_leads_to_what_its_validation_found_once_that_is_there(reader, home):
    run = begin_a_night(home)
    address = "/validations/flights__train/manual__7"
    early = reader.get(address)
    assert early.status_code == 404
    assert "No rows were looked at" in early.text
    store = ArtifactStore(str(home / "lake" / "artifacts"))
    store.write(f"{run.run_key}/validation.html", b"<p>all as expected</p>")
    found = reader.get(address)
    assert found.status_code == 302
    assert found.headers["location"].endswith(f"/flights__train/{run.run_key}/validation.html")
