"""Where a run's `as_of`, timeline and actor come from."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from airflow.sdk.api.datamodels._generated import DagRun

from lamplighter.errors import UsageError
from lamplighter_airflow.as_of import (
    night_id,
    question_id,
    resolve_as_of,
    run_actor,
    run_request,
    run_timeline,
)

NIGHT = datetime(2013, 7, 1, 8, tzinfo=UTC)


def dag_run(kind, *, run_id=None, interval=True, logical=True, user=None):
    """Return a run as Airflow hands it to a task."""
    return DagRun(
        dag_id="flights__train",
        run_id=run_id or f"{kind}__2013-07-01T08:00:00+00:00",
        logical_date=NIGHT - timedelta(days=1) if logical else None,
        data_interval_start=NIGHT - timedelta(days=1) if interval else None,
        data_interval_end=NIGHT if interval else None,
        run_after=datetime(2026, 11, 1, tzinfo=UTC),
        start_date=None,
        end_date=None,
        run_type=kind,
        state="running",
        conf={},
        triggering_user_name=user,
        consumed_asset_events=[],
        partition_key=None,
    )


SCHEDULED = dag_run("scheduled")
MANUAL = dag_run("manual", user="ada")
BARE = dag_run("manual", interval=False, logical=False, user="ada")
LOGICAL_ONLY = dag_run("manual", interval=False, user="ada")
BY_ASSET = dag_run("asset_triggered", interval=False, logical=False)
BACKFILL = dag_run("backfill", user="ada")


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (SCHEDULED, NIGHT),
        (MANUAL, NIGHT),
        (BACKFILL, NIGHT),
        (LOGICAL_ONLY, LOGICAL_ONLY.logical_date),
        (BARE, BARE.run_after),
        (BY_ASSET, BY_ASSET.run_after),
    ],
    ids=["scheduled", "manual", "backfill", "no interval", "manual without dates", "by an asset"],
)
def test_without_a_form_the_interval_then_the_logical_date_then_run_after_decide(run, expected):
    assert resolve_as_of(run) == expected


@pytest.mark.parametrize("run", [SCHEDULED, MANUAL, BARE, BY_ASSET, BACKFILL])
def test_the_form_comes_before_everything_else(run):
    asked = resolve_as_of(run, "2013-04-01T04:00:00-04:00")
    assert asked == datetime(2013, 4, 1, 4, tzinfo=timezone(timedelta(hours=-4)))


def test_the_form_of_a_browser_is_understood():
    assert resolve_as_of(BARE, "2013-07-01T08:00:00.000Z") == NIGHT


@pytest.mark.parametrize("value", ["2013-07-01T04:00:00", "2013-07-01", "tomorrow"])
def test_a_time_without_a_zone_is_refused_with_an_example(value):
    with pytest.raises(UsageError, match=r"as_of is .* expected a time with its zone such as"):
        resolve_as_of(BARE, value)


def test_the_clock_is_never_asked(monkeypatch):
    import lamplighter_airflow.as_of as module

    class Clockless(datetime):
        @classmethod
        def now(cls, tz=None):
            raise AssertionError("as_of asked the clock")

    monkeypatch.setattr(module, "datetime", Clockless)
    for run in (SCHEDULED, MANUAL, BARE, BY_ASSET, BACKFILL):
        run_request(run, {})


def test_a_backfill_is_a_dry_run_on_a_timeline_of_its_own():
    request = run_request(BACKFILL, {"dry_run": False})
    assert request.dry_run
    assert request.timeline == "simulated:backfill__2013-07-01T08:00:00+00:00"


@pytest.mark.parametrize("run", [SCHEDULED, MANUAL, BARE, BY_ASSET])
def test_every_other_run_is_live(run):
    request = run_request(run, {})
    assert (request.timeline, request.dry_run) == ("live", False)


def test_a_backfill_that_takes_over_a_live_run_is_another_night():
    taken_over = dag_run("backfill", run_id=SCHEDULED.run_id)
    assert night_id(taken_over) != night_id(SCHEDULED)
    assert night_id(BACKFILL) == f"flights__train/{BACKFILL.run_id}"


def test_a_run_id_with_odd_characters_still_names_a_timeline():
    odd = dag_run("backfill", run_id="manual__by ada/é~1")
    assert run_timeline(odd) == "simulated:manual__by-ada---1"
    assert run_request(odd, {}).timeline == run_timeline(odd)


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (SCHEDULED, "scheduler"),
        (MANUAL, "ada"),
        (BACKFILL, "ada"),
        (dag_run("manual"), "unknown (manual run)"),
    ],
)
def test_the_actor_is_the_scheduler_or_the_user_whom_airflow_names(run, name):
    assert run_actor(run).model_dump() == {"name": name, "kind": "airflow"}


def test_the_forms_values_reach_the_request():
    form = {
        "as_of": "2013-07-04T04:00:00-04:00",
        "knowledge_time": "2013-07-04T12:00:00Z",
        "force_retrain": True,
        "gate_mode": "dry_run",
        "budget_s": 25,
        "trials": None,
        "dry_run": True,
        "reason": "after the repair",
    }
    request = run_request(BARE, form)
    assert request.knowledge_time == datetime(2013, 7, 4, 12, tzinfo=UTC)
    assert request.model_dump(exclude={"as_of", "knowledge_time", "timeline"}) == {
        key: form[key]
        for key in ("force_retrain", "gate_mode", "budget_s", "trials", "dry_run", "reason")
    }


def test_a_value_that_the_form_let_through_is_still_refused_in_words():
    with pytest.raises(UsageError, match=r"the form cannot be used: budget_s is -5"):
        run_request(BARE, {"budget_s": -5})


def test_a_run_without_a_named_user_is_no_error():
    bare = SimpleNamespace(run_type="operator_triggered")
    assert run_actor(bare).name == "unknown (operator_triggered run)"


def test_a_run_that_is_asked_something_else_is_another_one_and_a_retry_is_the_same():
    def asked(form, digest="abc", run=BACKFILL):
        return question_id(run, run_request(run, form), spec_digest=digest)

    first = asked({})
    assert first == asked({})
    assert first.startswith(night_id(BACKFILL))
    later = {"knowledge_time": "2013-07-09T08:00:00+00:00"}
    assert len({first, asked(later), asked({}, digest="changed"), asked({}, run=SCHEDULED)}) == 4
