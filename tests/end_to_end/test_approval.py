"""A promotion that a person has to approve, through the real scheduler and Airflow's own page."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_rest import AirflowClient, AirflowError
from real_airflow import PATIENCE_S, RealAirflow, Run, assert_healthy, wait_for

from conftest import APPROVER, at
from lamplighter.contracts import Actor
from lamplighter.steps.answer_approval import answer_approval
from world import day

pytestmark = pytest.mark.scheduler


@pytest.fixture(scope="module")
def waiting(airflow: RealAirflow) -> dict[str, Run]:
    """First models whose release has to be approved, begun together."""
    names = ("approved", "refused", "unanswered")
    return {name: airflow.start(f"{name}__train", as_of=at(50)) for name in names}


@pytest.fixture(scope="module")
def approver(airflow: RealAirflow) -> AirflowClient:
    """The one user whom the specs name, with a password of our own: each login reads the file."""
    path = Path(airflow.paths.lake).parent / "airflow" / "passwords.json"
    known = json.loads(path.read_text()) | {APPROVER: "an-approvers-password"}
    path.write_text(json.dumps(known))
    return AirflowClient(airflow.address, user=APPROVER, password=known[APPROVER])


def question(run: Run) -> str:
    return f"/api/v2/{run.path}/taskInstances/approve_promotion/-1/hitlDetails"


def wait_until_asked(run: Run) -> dict[str, Any]:
    def asked() -> dict[str, Any] | None:
        try:
            return run.airflow._ask("GET", question(run))
        except (AirflowError, TimeoutError):  # not asked yet, or too busy to say so
            return None

    return wait_for(asked, "somebody is asked", for_s=2 * PATIENCE_S)


def answer(who: AirflowClient, run: Run, option: str, reason: str = "") -> None:
    said = {"chosen_options": [option], "params_input": {"reason": reason} if reason else {}}

    def taken() -> bool:
        try:
            who._ask("PATCH", question(run), said)
        except AirflowError as error:
            # On SQLite one of two writers at the same moment fails: here the task that lies down.
            if "answered with 500" not in str(error):
                raise
            return False
        return True

    wait_for(lambda: taken() or None, "Airflow takes the answer")


def test_only_the_assignee_may_answer_and_the_release_is_his(
    airflow: RealAirflow, waiting: dict[str, Run], approver: AirflowClient
) -> None:
    run = waiting["approved"]
    asked = wait_until_asked(run)
    assert asked["subject"] == "Promote version 1 of approved?"
    assert "**promote**" in asked["body"]
    assert "[Evaluation](http" in asked["body"]
    assert asked["defaults"] == ["Reject"]
    with pytest.raises(AirflowError, match="403"):
        answer(airflow, run, "Approve")
    answer(approver, run, "Approve", "looks right")
    with pytest.raises(AirflowError, match="409"):
        answer(approver, run, "Reject")

    assert run.wait() == "success"
    (release,) = airflow.stores.ledger.releases("approved")
    (approval,) = airflow.stores.ledger.approvals("approved")
    assert (approval.answer, approval.reason) == ("approve", "looks right")
    assert (release.actor.name, release.actor.kind) == (APPROVER, "airflow")
    assert release.valid_from == day(50) + approval.took > day(50)
    assert_healthy(airflow.stores, "approved")


def test_a_rejection_by_command_wakes_the_task_and_leaves_the_run_green_and_no_champion(
    airflow: RealAirflow, waiting: dict[str, Run]
) -> None:
    run = waiting["refused"]
    wait_until_asked(run)
    actor = Actor(name=APPROVER, kind="os_user")
    answer_approval(
        airflow.stores, "refused", answer="reject", reason="not on a Friday", actor=actor
    )
    assert run.wait() == "success"
    assert set(run.states().values()) <= {"success", "skipped"}
    shown = airflow._ask("GET", question(run))
    assert shown["chosen_options"] == ["Reject"]
    assert shown["params_input"]["reason"].startswith("not on a Friday, says approver (OS user)")
    assert airflow.stores.ledger.champion("refused") is None
    assert any("rejected by" in said for said in run.handed("report_run")["sentences"])


def test_without_an_answer_the_deadline_decides_as_the_spec_says(
    airflow: RealAirflow, waiting: dict[str, Run]
) -> None:
    run = waiting["unanswered"]
    assert run.wait() == "success"
    (approval,) = airflow.stores.ledger.approvals("unanswered")
    assert (approval.answer, approval.took) == ("expired", timedelta(seconds=5))
    (release,) = airflow.stores.ledger.releases("unanswered")
    assert release.valid_from == day(50) + timedelta(seconds=5)
