"""What tasks report to OpenLineage, asked as the provider's listener asks."""

from types import SimpleNamespace

import pytest
from airflow.providers.openlineage.extractors import ExtractorManager
from airflow.utils.state import TaskInstanceState

from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.night import open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter_airflow.lineage import lake_tables, prediction_table, registered, sources
from lamplighter_airflow.train_dag import train_dag
from world import World, day


@pytest.fixture
def night(world: World):
    world.document["data"]["tables"]["cities"] = {
        "source": {"sql": "ATLAS", "table": "cities"}, "key": ["city"],
    }  # fmt: skip
    world.document["data"]["tables"]["weather"] = {
        "source": {"parquet": "s3://ada:sw0rdfish@store.example/bucket/${SEASON}/x.parquet"},
        "key": ["city"],
    }
    world.document["data"]["tables"]["moods"] = {
        "source": {"python": "lamplighter.examples.flights.source:flights"}, "key": ["city"],
    }  # fmt: skip
    world.write()
    stores = world.stores
    resolve_spec(
        world.spec_path, RunRequest(as_of=day(50)), run_id="r", stores=stores,
        actor=Actor(name="ada", kind="os_user"),
    )  # fmt: skip
    return open_night("r", stores)


def reported(task):
    """Return what the provider gets to know of a task that ended well."""
    found = ExtractorManager().extract_metadata(
        dagrun=SimpleNamespace(run_id="r1"),
        task=task,
        task_instance_state=TaskInstanceState.SUCCESS,
        task_instance=SimpleNamespace(task=task),
    )
    return (
        [(data.namespace, data.name) for data in found.inputs],
        [(data.namespace, data.name) for data in found.outputs],
    )


def test_a_task_reports_what_it_read_and_wrote(night, world):
    task = train_dag(night.spec, world.spec_path).get_task("register_model")
    task.reads, task.writes = lake_tables(night)[:1], [registered(night, "7")]
    assert reported(task) == (
        [("file", f"{world.home}/lake/tables/returns/visits")],
        [("mlflow", "models/returns/7")],
    )


def test_a_task_that_handles_no_data_reports_none(night, world):
    task = train_dag(night.spec, world.spec_path).get_task("resolve_spec")
    assert reported(task) == ([], [])


def test_sources_are_named_without_what_is_secret_in_their_addresses(night, world, monkeypatch):
    monkeypatch.setenv("SEASON", "winter")
    assert sources(night) == [
        ("file", f"{world.folder}/visits.parquet"),
        ("file", f"{world.folder}/outcomes.csv"),
        ("connection:ATLAS", "cities"),
        ("s3://store.example", "bucket/winter/x.parquet"),
        ("python", "lamplighter.examples.flights.source:flights"),
    ]


def test_predictions_are_named_by_where_they_lie(night, world):
    assert prediction_table(night) == ("file", f"{world.home}/lake/predictions/returns")
