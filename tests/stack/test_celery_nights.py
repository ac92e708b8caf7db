"""Nights of flights on the stack of docker-compose.yaml, whose parts are killed and restarted."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from celery_stack import CeleryStack, plant_flights
from database_servers import free_port, lacking
from secret_scan import forms, leaks

HERE = Path(__file__).resolve().parent
END_TO_END = HERE.parent / "end_to_end"
sys.path.append(str(END_TO_END))

from real_airflow import OVER, Order, RealAirflow, Run, assert_healthy, wait_for  # noqa: E402

from lamplighter.ledger import Ledger, Release  # noqa: E402
from lamplighter.steps.store_paths import StorePaths  # noqa: E402
from world import World, day  # noqa: E402

pytestmark = [
    pytest.mark.long,
    pytest.mark.scheduler,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        lacking() != "", reason=f"not here: {lacking()}; install the packages to run these tests"
    ),
]
QUIET, STORMY, REFUSED = "flights", "flights_again", "refused"
PASSWORDS = {
    "reader": "Wr+1ght/ & s@ns:Brück€ 42",
    "ann": "ann's %25 s3cret/registry",
    "postman": "r1ng$ tw!ce= &/postman",
    "caller": "h00k~l1ne/and+s1nker",
    "chat": "ch4tt3r-b0x_with_no_quoting",
}
"""Of a source that refuses it, a registry that does not ask for it, and of three ways by which an
owner cannot be told."""
AS_OF = date(2013, 4, 1)
PATIENCE_S = 900.0
MLFLOW_AWAY_S = 60
POSTGRES_AWAY_S = 10


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CeleryStack]:
    home = tmp_path_factory.mktemp("celery")
    plant_flights(home, QUIET, STORMY)
    deliver_flights(home)
    plant_refused(home)
    (home / "orders").mkdir()
    stack = CeleryStack(
        home,
        {
            "LAMPLIGHTER_ENV": "demo",
            "LAMPLIGHTER_TEST_ORDERS": str(home / "orders"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(END_TO_END / "saboteur"),
        },
    )
    stack.extra |= addresses_with_passwords(stack)
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
        shutil.rmtree(home / "landing")


def deliver_flights(home: Path) -> None:
    from demo_landing import deliver, delivery

    deliver(home / "landing", until=delivery(AS_OF))


def addresses_with_passwords(stack: CeleryStack) -> dict[str, str]:
    reader, ann = (quote(PASSWORDS[user], safe="") for user in ("reader", "ann"))
    nobody = {"host": "127.0.0.1", "port": free_port()}
    mail = {"conn_type": "smtp", "login": "postman", "password": PASSWORDS["postman"], **nobody}
    hook = {"conn_type": "http", "login": "caller", "password": PASSWORDS["caller"], **nobody}
    chat = {"path": f"json://chat:{PASSWORDS['chat']}@127.0.0.1:{nobody['port']}", "tag": "all"}
    return {
        "MLFLOW_TRACKING_URI": f"http://ann:{ann}@127.0.0.1:{stack.ports['mlflow']}",
        "AIRFLOW_CONN_WAREHOUSE": f"postgres://reader:{reader}@{stack.postgres.address}/airflow",
        "AIRFLOW_CONN_MAIL": json.dumps(mail),
        "AIRFLOW_CONN_HOOK": json.dumps(hook),
        "AIRFLOW_CONN_CHAT": json.dumps({"conn_type": "apprise", "extra": {"config": [chat]}}),
    }


def plant_refused(home: Path) -> None:
    """Write the spec of a model whose source does not know the password."""
    world = World(home / "sources")
    world.document |= {"model": REFUSED, "schedule": {"cron": None}}
    world.document["data"]["tables"]["visits"]["source"] = {"sql": "WAREHOUSE", "table": "visits"}
    world.document["owner"] = {
        "team": "nobody",
        "email": "nobody@example.invalid",
        "notify": [
            {"via": "log"},
            {"via": "smtp", "connection": "mail"},
            {"via": "webhook", "connection": "hook"},
            {"via": "apprise", "connection": "chat"},
        ],
    }
    world.spec_path = home / "models" / f"{REFUSED}.yaml"
    world.write()


@pytest.fixture(scope="module")
def airflow(stack: CeleryStack) -> RealAirflow:
    env = stack.environment("worker-1")
    paths = StorePaths(
        lake=env["LAMPLIGHTER_LAKE"],
        artifacts=f"{env['LAMPLIGHTER_LAKE']}/artifacts",
        ledger=env["LAMPLIGHTER_LEDGER"],
        mlflow=env["MLFLOW_TRACKING_URI"],
    )
    address = f"http://127.0.0.1:{stack.ports['api-server']}"
    password = stack.secrets["AIRFLOW_ADMIN_PASSWORD"]
    airflow = RealAirflow(address, password=password, paths=paths, orders=stack.home / "orders")
    for model in (QUIET, STORMY, REFUSED):
        wait_for(lambda model=model: airflow.dag(f"{model}__train"), f"{model} is parsed")
    return airflow


@pytest.fixture(scope="module")
def refused(airflow: RealAirflow) -> Run:
    return airflow.start(f"{REFUSED}__train", as_of=day(50).isoformat())


@pytest.fixture(scope="module")
def quiet(airflow: RealAirflow, refused: Run) -> Run:
    run = begin(airflow, QUIET)
    ended(run)
    return run


def ended(run: Run) -> str:
    """Wait with the patience of tests that may take long; return the run's colour."""
    return wait_for(
        lambda: (state := run.state()) in OVER and state, f"{run.dag_id} ends", for_s=PATIENCE_S
    )


def held(order: Order) -> int:
    """Wait as patiently for the process that stands still; return its id."""
    told = order.path.with_suffix(".pid")
    written = lambda: told.exists() and told.read_text()  # noqa: E731
    return int(wait_for(written, f"{told} appears", for_s=PATIENCE_S))


def begin(airflow: RealAirflow, model: str) -> Run:
    return airflow.start(f"{model}__train", as_of=f"{AS_OF}T04:00:00-04:00", reason="a test")


def assert_everything_happened_once(airflow: RealAirflow, model: str) -> None:
    stores = airflow.stores
    assert [version.version for version in stores.ledger.versions(model)] == ["1"]
    assert [version.version for version in stores.registry.versions(model)] == ["1"]
    assert [release.version for release in stores.ledger.releases(model)] == ["1"]
    assert stores.registry.alias(model, "champion") == "1"
    kinds = [decision.kind for decision in stores.ledger.decisions(model)]
    assert sorted(kinds) == ["promotion", "retraining"]
    assert_healthy(stores, model)


def assert_only_the_refused_source_is_wrong(stack: CeleryStack) -> None:
    doctor = stack.run("worker-1", "lamplighter", "doctor")
    wrong = [line for line in doctor.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1, doctor.stdout + doctor.stderr
    assert f"{REFUSED} connection" in wrong[0]


def test_a_night_of_flights_passes_through_celery(
    stack: CeleryStack, airflow: RealAirflow, quiet: Run
) -> None:
    assert quiet.state() == "success"
    assert {task["try_number"] for task in quiet.tasks().values()} <= {0, 1}
    assert_everything_happened_once(airflow, QUIET)
    assert airflow.stores.ledger.name.startswith("postgresql+psycopg://lamplighter:***@")
    hosts = {task["hostname"] for task in quiet.tasks().values()}
    assert hosts
    assert_only_the_refused_source_is_wrong(stack)


def test_a_night_in_which_every_part_fails_once_ends_as_the_quiet_one(
    stack: CeleryStack, airflow: RealAirflow, quiet: Run
) -> None:
    dag_id = f"{STORMY}__train"
    orders = {
        "tune_model": airflow.hold(
            dag_id,
            "tune_model",
            at="lamplighter.steps.stored_search:LedgerTrials.add",
            when="after",
        ),
        "train_ensemble": airflow.hold(
            dag_id, "train_ensemble", at="lamplighter.training.final_fit:fit_one", when="after"
        ),
        "decide_promotion": airflow.hold(dag_id, "decide_promotion"),
        "register_model": airflow.hold(dag_id, "register_model"),
    }
    run = begin(airflow, STORMY)

    # In mid-search, Redis restarts: what comes next has to find its way through the new one.
    held(orders["tune_model"])
    with stack.without("redis", for_s=3):
        pass
    orders["tune_model"].take_back()

    # In mid-training, the worker loses its power.
    pid = held(orders["train_ensemble"])
    lost = stack.worker_of(pid)
    assert pid in stack.kill(lost)
    orders["train_ensemble"].take_back()

    # The decision can neither ask the ledger nor tell Airflow that it could not.
    held(orders["decide_promotion"])
    with stack.without("postgres", for_s=POSTGRES_AWAY_S):
        orders["decide_promotion"].take_back()

    # MLflow is away for a minute when the version is to be registered.
    held(orders["register_model"])
    with stack.without("mlflow", for_s=MLFLOW_AWAY_S):
        orders["register_model"].take_back()
    stack.start(lost)

    assert ended(run) == "success"
    assert_everything_happened_once(airflow, STORMY)
    tries = {task: run.tries(task) for task in orders}
    assert tries.pop("register_model") in range(2, 7)  # as long as MLflow takes to be back
    assert tries == {"tune_model": 1, "train_ensemble": 2, "decide_promotion": 2}
    said = {task: run.log(task, attempt=1) for task in ("decide_promotion", "register_model")}
    assert "the ledger postgresql+psycopg://lamplighter:***@" in said["decide_promotion"]
    assert "did not answer" in said["decide_promotion"]
    assert "does not answer" in said["register_model"]
    assert "start the MLflow server, or check MLFLOW_TRACKING_URI" in said["register_model"]
    assert "Connection to broker lost" in stack.log("worker-1") + stack.log("worker-2")
    assert "Detected a task instance without a heartbeat" in stack.log("scheduler")
    assert "scheduler" in stack.restarts
    (release,) = airflow.stores.ledger.releases(STORMY)
    assert release.artifact.digest == undisturbed(stack).artifact.digest
    assert_only_the_refused_source_is_wrong(stack)


def undisturbed(stack: CeleryStack) -> Release:
    """Do the same night without Airflow, in stores of its own; seeds derive from the name."""
    home = stack.home / "undisturbed"
    env = stack.environment("worker-1") | {"LAMPLIGHTER_HOME": str(home)}
    for store in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        env.pop(store)
    spec, when = stack.home / "models" / f"{STORMY}.yaml", f"{AS_OF}T04:00:00-04:00"
    done = subprocess.run(
        ["lamplighter", "run", str(spec), "--as-of", when],
        env=env,
        cwd=stack.home,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (release,) = Ledger.open(f"sqlite:///{home / 'ledger.db'}").releases(STORMY)
    return release


def test_no_secret_of_the_stack_is_written_anywhere(stack: CeleryStack, refused: Run) -> None:
    assert ended(refused) == "failed"
    assert "password authentication failed" in refused.log("ingest_data")
    dumps = stack.home / "dumps"
    dumps.mkdir()
    for database in ("airflow", "lamplighter", "mlflow"):
        (dumps / f"{database}.sql").write_bytes(stack.dump(database))
    (dumps / "postgres.log").write_text(stack.postgres.log)
    (dumps / "xcoms.json").write_text(json.dumps(refused.xcoms()))
    secrets = {name: value for name, value in stack.secrets.items() if value}
    wanted = [form for user, secret in PASSWORDS.items() for form in forms(secret, user=user)]
    wanted += [form for secret in secrets.values() for form in forms(secret)]
    places = ("env", "airflow/auth/passwords.json")
    assert leaks(stack.home, wanted, but=places) == []
    assert len(leaks(stack.home, wanted)) == len(places)
