"""What a plan says about a change of a spec: a table of cases."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, RunRequest
from lamplighter.spec import ModelSpec
from lamplighter.steps.plan_meanings import Known
from lamplighter.steps.plan_spec import plan_spec
from lamplighter.steps.resolve_spec import resolve_spec
from world import World, day

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
BASE: dict[str, Any] = {
    "model": "visits",
    "owner": {"team": "shop"},
    "task": "binary",
    "time": {"start": "2024-01-01", "label_delay": "1d"},
    "data": {
        "examples": "plans",
        "target": "ends.late",
        "tables": {
            "plans": {"source": {"parquet": "plans.parquet"}, "key": ["id"], "event_time": "at"},
            "ends": {"source": {"csv": "ends.csv"}, "key": ["id"], "event_time": "at"},
        },
    },
}
OLD = ModelSpec.model_validate(BASE).document()


def changed(path: str, value: Any) -> ModelSpec:
    """Return the base spec with one key set, or taken out if None."""
    document = copy.deepcopy(BASE)
    *sections, last = path.split(".")
    found = document
    for section in sections:
        found = found.setdefault(section, {})
    if value is None:
        found.pop(last, None)
    else:
        found[last] = value
    return ModelSpec.model_validate(document)


def known(**what: Any) -> Known:
    everything = {
        "spec": OLD,
        "champion": "3",
        "champion_features": ("age", "city"),
        "ingested": {"plans": NOW, "ends": NOW},
        "others": {},
        "now": NOW,
    }
    return Known(**{**everything, **what})


WIDER = {"source": {"parquet": "weather.parquet"}, "key": ["town"], "event_time": "at"}


@pytest.mark.parametrize(
    ("path", "value", "changes", "says"),
    [
        ("schedule.cron", "0 4 * * *", ["schedule.cron: 0 3 * * * -> 0 4 * * *"],
         "nights begin 2024-03-02 04:00, 2024-03-03 04:00, 2024-03-04 04:00 and so on (UTC)"),
        ("schedule.timezone", "Asia/Tokyo", ["schedule.timezone: UTC -> Asia/Tokyo"],
         "nights begin 2024-03-02 03:00"),
        ("schedule.end", "2024-02-01", ["schedule.end: nothing -> 2024-02-01"],
         "no night begins by itself: schedule.end is 2024-02-01"),
        ("schedule.catchup", True, ["schedule.catchup: False -> True"],
         "intervals since schedule.start that never ran will run"),
        ("schedule.pool", "gpu", ["schedule.pool: default_pool -> gpu"],
         "task every step: pool default_pool -> gpu"),
        ("schedule.steps", {"tune_model": {"queue": "big", "timeout": "3h"}},
         ["schedule.steps.tune_model: nothing -> queue=big, timeout=3h"], "task tune_model: "),
        ("owner.team", "cinema", ["owner.team: shop -> cinema"], "change at the next parse"),
        ("gate.min_gain", 0.01, ["gate.min_gain: 0.0 -> 0.01"],
         "gate.min_gain: 0.0 -> 0.01, from the next night on"),
        ("monitor.drift", {"psi": 0.4}, ["monitor.drift.psi: 0.25 -> 0.4"], "monitor.drift.psi"),
        ("data.validate", {"min_rows": 9}, ["data.validate.min_rows: 1 -> 9"], "min_rows: 1 -> 9"),
        ("data.tables.weather", WIDER, None,
         "table weather is new: the next night ingests it from 2024-01-01"),
        ("data.tables.plans.source", {"csv": "p.csv"}, None,
         "table plans is read from another source from the next night on; rows up to 2024-03-01"),
        ("data.tables.plans.lag", "2h", ["data.tables.plans.lag: 0s -> 2h"],
         "rows that are in the lake keep the time they became known"),
        ("data.tables.plans.columns", {"age": "int"},
         ["data.tables.plans.columns.age: nothing -> int"], "no value in columns that are new"),
        ("time.lead", "2h", ["time.lead: 0s -> 2h"], "other prediction times"),
        ("time.start", "2023-01-01", ["time.start: 2024-01-01 -> 2023-01-01"],
         "rows from before the former start do not come in"),
        ("features.drop", ["age"], ["features.drop: [] -> [age]"],
         "champion version 3 needs age, which would be dropped: scoring stops"),
        ("search.workers", 4, ["search.workers: 2 -> 4"], "search.workers: 2 -> 4"),
        ("search.budget_s", 90, ["search.budget_s: 60.0 -> 90.0"], "the champion stays as it is"),
        ("release.golden_rows", 9, ["release.golden_rows: 50 -> 9"], "other golden rows"),
        ("retrain.policy", "never", ["retrain.policy: nightly -> never"], "the rule when a night"),
        ("task", "regression", ["task: binary -> regression"],
         "predicted ends.late (binary), and now ends.late (regression). Champion version 3 goes"),
        ("data.target", "ends.cost", ["data.target: ends.late -> ends.cost"],
         "a person makes the first model of the new target champion, by 'lamplighter promote'"),
        ("data.positive", "yes", ["data.positive: nothing -> yes"], "ends.late (binary, 'yes')"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)  # fmt: skip
def test_a_change_is_named_and_what_it_means_is_said(path, value, changes, says):
    plan = plan_spec(changed(path, value), known())
    if changes is not None:
        assert [str(change) for change in plan.changes] == changes
    assert any(says in meaning for meaning in plan.meanings), plan.meanings
    assert plan.forbidden == []


def test_a_spec_that_says_the_same_in_other_words_changes_nothing():
    plan = plan_spec(changed("search.budget_s", 60), known())
    assert (plan.changes, plan.meanings, plan.forbidden) == ([], [], [])


def test_keys_that_an_older_version_did_not_store_count_as_their_default():
    older = {key: value for key, value in OLD.items() if key not in ("monitor", "retire")}
    assert plan_spec(ModelSpec.model_validate(BASE), known(spec=older)).changes == []


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("data.tables.plans.key", ["id", "leg"], r"plans.key was \[id\] and is now \[id, leg\]"),
        ("data.tables.ends.event_time", "ended", r"event_time was at and is now ended"),
        ("release.registered_name", "other", "registered_name was not set and is now other"),
    ],
)  # fmt: skip
def test_what_stored_rows_and_versions_forbid_is_refused(path, value, reason):
    forbidden = plan_spec(changed(path, value), known()).forbidden
    assert len(forbidden) == 1
    assert re.search(reason, forbidden[0])
    nothing_yet = known(ingested={"plans": None, "ends": None}, champion=None)
    assert plan_spec(changed(path, value), nothing_yet).forbidden == []


def test_a_task_that_names_classes_is_refused_where_predictions_are_numbers():
    retargeted = changed("task", "multiclass")
    (reason,) = plan_spec(retargeted, known()).forbidden
    assert "task was binary and is now multiclass" in reason
    assert plan_spec(changed("task", "regression"), known()).forbidden == []


def test_a_table_that_was_renamed_holds_the_same_target():
    document = copy.deepcopy(BASE)
    document["data"]["tables"]["ends2"] = document["data"]["tables"].pop("ends")
    document["data"]["target"] = "ends2.late"
    plan = plan_spec(ModelSpec.model_validate(document), known())
    assert not any("predicted" in meaning for meaning in plan.meanings)
    assert "table ends is no longer read; its rows stay in the lake" in plan.meanings


def test_a_renamed_model_is_new_and_the_old_one_stays():
    plan = plan_spec(
        changed("model", "stays"), known(spec=None, champion=None, others={"visits": OLD})
    )
    said = " ".join(plan.meanings)
    assert "stays is new: the DAGs stays__train, stays__score and stays__evaluate appear" in said
    assert "the same as visits: if that was renamed, visits keeps its history" in said


def test_a_new_model_that_resembles_none_names_none():
    other = changed("data.target", "ends.cost").document()
    plan = plan_spec(changed("model", "stays"), known(spec=None, others={"visits": other}))
    assert not any("renamed" in meaning for meaning in plan.meanings)


@pytest.fixture
def resolved(world: World) -> World:
    """Return a world whose spec has run, as far as the ledger knows."""
    request, anna = RunRequest(as_of=day(50)), Actor(name="anna", kind="os_user")
    resolve_spec(world.spec_path, request, run_id="r/1", actor=anna, stores=world.stores)
    return world


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def plan(
    resolved: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(resolved.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: str) -> tuple[int, str]:
        code = main(["plan", str(resolved.spec_path), *words])
        return code, capsys.readouterr().out

    return run


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    document = yaml.safe_load(path.read_text())
    change(document)
    path.write_text(yaml.safe_dump(document, sort_keys=False))


def test_the_command_compares_with_the_last_night(resolved: World, plan: Command) -> None:
    assert plan() == (0, "returns: nothing changes; this is the spec of its last night\n")
    rewrite(resolved.spec_path, lambda d: d.update(gate={"min_gain": 0.5}))
    code, out = plan()
    assert (code, "gate.min_gain: 0.0 -> 0.5" in out, "which means:" in out) == (0, True, True)
    assert json.loads(plan("--json")[1])["changes"][0] == {
        "key": "gate.min_gain", "old": 0.0, "new": 0.5,
    }  # fmt: skip
    rewrite(resolved.spec_path, lambda d: d.update(model="comebacks"))
    code, out = plan()
    assert (code, "comebacks is new" in out, "the same as returns" in out) == (0, True, True)
