"""The task that asks: what it puts on Airflow's page, how it waits, what it makes of an answer."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.triggers import hitl as pages
from airflow.sdk.exceptions import TaskDeferred

from lamplighter.contracts import Actor, ApprovalRef
from lamplighter.spec.approval import Approval
from lamplighter.steps.answer_approval import answer_approval, waiting_question
from lamplighter_airflow.operators import approve_promotion as module
from lamplighter_airflow.operators.approve_promotion import ApprovePromotionOperator
from lamplighter_airflow.operators.resolve_spec import ResolveSpecOperator
from lamplighter_airflow.triggers import approval as triggers
from lamplighter_airflow.triggers.approval import ApprovalTrigger
from world import World, day

RUN = {"dag_id": "returns__train", "run_id": "scheduled__2024-02-20"}
RULE = {"when": "always", "assignees": ["anna"]}
ANNA = Actor(name="anna", kind="os_user")


@pytest.fixture(scope="module")
def waiting_once(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("waiting"))
    world.document["gate"] = {"approval": RULE}
    world.write()
    world.run(day(50), run_id=f"{RUN['dag_id']}/{RUN['run_id']}")
    shutil.copy(world.home / "ledger.db", world.home / "as-asked.db")
    return world


@pytest.fixture
def waiting(waiting_once: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A first version waits for anna, since a moment ago."""
    for rest in waiting_once.home.glob("ledger.db-*"):
        rest.unlink()
    shutil.copy(waiting_once.home / "as-asked.db", waiting_once.home / "ledger.db")
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(waiting_once.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    return waiting_once


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Airflow's page, which stands in for the api-server: what was asked, and what was answered."""
    page = SimpleNamespace(asked=[], answered=None)

    def ask(**said: Any) -> None:
        page.asked.append(said)
        page.answered = None  # as Airflow does

    def answered(ti_id: str) -> SimpleNamespace:
        known = page.answered or {"chosen_options": None, "params_input": {}, "responded_at": None}
        by = known.get("by")
        user = SimpleNamespace(id=by, name=by) if by else None
        return SimpleNamespace(
            response_received=page.answered is not None, responded_by_user=user, **known
        )

    def answer(*, ti_id: str, chosen_options: list[str], params_input: dict[str, Any]) -> Any:
        if page.answered is not None:
            raise RuntimeError("409")
        page.answered = {
            "chosen_options": chosen_options,
            "params_input": params_input,
            "responded_at": datetime.now(UTC),
        }
        return answered(ti_id)

    monkeypatch.setattr(module, "upsert_hitl_detail", ask)
    monkeypatch.setattr(pages, "get_hitl_detail_content_detail", answered)
    monkeypatch.setattr(pages, "update_hitl_detail_response", answer)
    monkeypatch.setattr(triggers, "update_hitl_detail_response", answer)
    return page


class Remembered(dict[str, Any]):
    """Airflow's store of a task's state."""

    set = dict.__setitem__


def asking(world: World) -> tuple[ApprovePromotionOperator, Any]:
    evidence = waiting_question(world.stores, "returns", None).evidence
    task = ApprovePromotionOperator(
        task_id="approve_promotion",
        rule=Approval.model_validate(RULE),
        decision=evidence["decision"],
        version=evidence["version"],
        evaluation={"report": {"key": "returns/page.html"}},
    )
    ti = SimpleNamespace(
        id="7", map_index=-1, task_id=task.task_id, try_number=1, max_tries=5, **RUN
    )
    run = SimpleNamespace(run_type="scheduled", **RUN)
    store = Remembered()
    context = {
        "dag_run": run, "ti": ti, "task_instance": ti, "task": task, "task_state_store": store,
    }  # fmt: skip
    return task, context


def lie_down(task: ApprovePromotionOperator, context: Any) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as parked:
        task.execute(context)
    return parked.value


def what_comes(parked: TaskDeferred, **changes: Any) -> dict[str, Any]:
    """Make the trigger as the triggerer does, and wait for its event."""
    classpath, kwargs = parked.trigger.serialize()
    assert classpath == "lamplighter_airflow.triggers.approval.ApprovalTrigger"
    trigger = ApprovalTrigger(**kwargs | {"poke_interval": 0.01} | changes)

    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(asyncio.wait_for(first(), 20))


def test_it_asks_with_the_evidence_and_writes_the_answer_into_the_ledger(
    waiting: World, page: SimpleNamespace
) -> None:
    task, context = asking(waiting)
    parked = lie_down(task, context)
    (asked,) = page.asked
    assert asked["subject"] == "Promote version 1 of returns?"
    assert "**promote**" in asked["body"]
    assert "returns/page.html" in asked["body"]
    assert asked["assigned_users"] == [{"id": "anna", "name": "anna"}]
    assert asked["defaults"] == ["Reject"]
    assert list(asked["params"]) == ["reason"]
    assert parked.timeout > parked.trigger.timeout_datetime - datetime.now(UTC)

    answer = {
        "chosen_options": ["Reject"],
        "params_input": {"reason": "not on a Friday"},
        "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "anna", "name": "anna"},
        "timedout": False,
    }
    told = task.execute_complete(context, answer)
    assert (told["answer"], told["actor"]["name"]) == ("reject", "anna")
    again = task.execute_complete(context, {**answer, "chosen_options": ["Approve"]})
    assert again["answer"] == "reject", "the first answer stands"
    assert waiting.stores.ledger.approvals("returns")[0].reason == "not on a Friday"


def test_an_answer_by_the_command_line_wakes_the_task_and_shows_on_the_page(
    waiting: World, page: SimpleNamespace
) -> None:
    task, context = asking(waiting)
    parked = lie_down(task, context)
    answer_approval(waiting.stores, "returns", answer="reject", reason="no", actor=ANNA)
    told = task.execute_complete(context, what_comes(parked))
    assert (told["answer"], told["actor"]) == ("reject", ANNA.model_dump())
    assert page.answered["chosen_options"] == ["Reject"]
    assert page.answered["params_input"] == {
        "reason": "no, says anna (OS user) by 'lamplighter approve'"
    }


def test_an_answer_that_came_before_the_task_waited_is_not_forgotten(
    waiting: World, page: SimpleNamespace
) -> None:
    task, context = asking(waiting)
    lie_down(task, context)
    page.answered = {
        "chosen_options": ["Reject"],
        "params_input": {"reason": "no"},
        "responded_at": datetime.now(UTC),
        "by": "anna",
    }
    parked = lie_down(task, context)  # tried again: Airflow would forget it if it were asked anew
    assert len(page.asked) == 1
    told = task.execute_complete(context, what_comes(parked))
    assert (told["answer"], told["reason"], told["actor"]["kind"]) == ("reject", "no", "airflow")


def test_at_the_deadline_the_trigger_wakes_the_task_and_the_question_lapses(
    waiting: World, page: SimpleNamespace
) -> None:
    task, context = asking(waiting)
    parked = lie_down(task, context)
    event = what_comes(parked, timeout_datetime=datetime.now(UTC))
    told = ApprovalRef.model_validate(task.execute_complete(context, event))
    assert (told.answer, told.took) == ("expired", timedelta(hours=20))
    assert page.answered["chosen_options"] == ["Reject"]


def test_without_a_triggerer_the_next_try_after_the_deadline_lets_the_question_lapse(
    waiting: World, page: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, context = asking(waiting)
    monkeypatch.setattr(module, "_is_overdue", lambda approval: approval.waits)
    assert task.execute(context)["answer"] == "expired"
    assert page.asked == []


def test_a_triggerer_that_sees_another_ledger_makes_none_and_waits_for_the_page(
    waiting: World, page: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, context = asking(waiting)
    parked = lie_down(task, context)
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(waiting.home / "elsewhere"))
    page.answered = {
        "chosen_options": ["Reject"],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "by": "anna",
    }
    assert what_comes(parked)["responded_by_user"] == {"id": "anna", "name": "anna"}
    assert not (waiting.home / "elsewhere").exists()


def test_the_next_nights_first_task_lets_an_approval_of_a_killed_run_lapse(waiting: World) -> None:
    task = ResolveSpecOperator(
        task_id="resolve_spec", spec_path=str(waiting.spec_path), settles=True
    )
    run = SimpleNamespace(
        dag_id="returns__train", run_id="by_hand", run_type="manual", triggering_user_name="bob",
        data_interval_end=None, logical_date=None, run_after=day(51),
    )  # fmt: skip
    ti = SimpleNamespace(try_number=1, max_tries=5)
    task.execute({"dag_run": run, "params": {}, "ti": ti})
    (told,) = waiting.stores.ledger.approvals("returns")
    assert told.answer == "expired"
