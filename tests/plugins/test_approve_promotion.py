"""The task that asks: what it puts on Airflow's page, and what it makes of the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import TaskAwaitingInput

from lamplighter.spec.approval import Approval
from lamplighter.steps.answer_approval import waiting_question
from lamplighter_airflow.operators.approve_promotion import ApprovePromotionOperator
from world import World, day

RUN = {"dag_id": "returns__train", "run_id": "scheduled__2024-02-20"}


def test_it_asks_with_the_evidence_and_writes_the_answer_into_the_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = {"when": "always", "assignees": ["anna"], "on_deadline": "release"}
    world.document["gate"] = {"approval": rule}
    world.write()
    world.run(day(50), run_id=f"{RUN['dag_id']}/{RUN['run_id']}")
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI", "AIRFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)
    asked: dict[str, Any] = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **said: asked.update(said))

    evidence = waiting_question(world.stores, "returns", None).evidence
    task = ApprovePromotionOperator(
        task_id="approve_promotion",
        rule=Approval.model_validate(rule),
        decision=evidence["decision"],
        version=evidence["version"],
        evaluation={"report": {"key": "returns/page.html"}},
    )
    ti = SimpleNamespace(
        id="7", map_index=-1, task_id=task.task_id, try_number=1, max_tries=5, **RUN
    )
    run = SimpleNamespace(run_type="scheduled", **RUN)
    context: Any = {"dag_run": run, "ti": ti, "task_instance": ti, "task": task}

    with pytest.raises(TaskAwaitingInput) as parked:
        task.execute(context)
    assert parked.value.timeout.total_seconds() == pytest.approx(20 * 3600, abs=600)
    assert asked["subject"] == "Promote version 1 of returns?"
    assert "**promote**" in asked["body"]
    assert "returns/page.html" in asked["body"]
    assert asked["assigned_users"] == [{"id": "anna", "name": "anna"}]
    assert asked["defaults"] == ["Approve"]
    assert list(asked["params"]) == ["reason"]

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
    assert world.stores.ledger.approvals("returns")[0].reason == "not on a Friday"
