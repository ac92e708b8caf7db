"""The book in sentences, from rows written by hand: each number told, each gap `unknown`."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lamplighter.contracts import Actor, ArtifactRef, RunRef
from lamplighter.ledger import Ledger, ReleaseRequest
from lamplighter.ledger.records import Judged
from lamplighter.steps.telling.model import tell_model
from lamplighter.steps.telling.night import tell_night
from lamplighter.steps.telling.version import tell_version

ANNA = Actor(name="anna", kind="os_user")
ADMIN = Actor(name="admin", kind="airflow")
FULL: dict[str, Any] = {
    "evidence": {
        "metric": "log_loss", "blocks": 30, "rows": 27_000, "p_value": 0.004, "lag1": 0.24,
        "gain": {"value": 0.0123, "lower": 0.002, "upper": 0.0226},
        "first_block": "2013-06-01", "last_block": "2013-06-30",
    },
    "look": {"days": 30, "spent": 0.0015}, "looks": 4, "spent": 0.0042,
    "distance": 3.1, "bound": 2.9,
    "guards": [
        {"metric": "roc_auc", "champion": 0.71, "candidate": 0.7, "worse_by": 0.01, "limit": 0.005},
    ],
    "metrics": {"log_loss": {"value": 0.51, "lower": 0.5, "upper": 0.52}},
    "problems": [],
    "leakage": {
        "features": 12, "warnings": ["delay predicts too well"], "accepted": {"tail": "ok"},
    },
    "drift": {
        "against": "training", "columns": 12, "drifted_columns": 1,
        "worst": [{"column": "wind_speed", "psi": 0.61}],
    },
    "gate_mode": "enforce", "dry_run": False, "release": True, "challenger": None,
}  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A book with one night, `run`, of 5 July 2013."""
    book = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    book.put_spec("5" * 16, model="flights", document={})
    run = RunRef(
        run_key="run", model="flights", spec_digest="5" * 16, as_of=july(5),
        knowledge_time=july(5), timeline="live", force_retrain=True, gate_mode="enforce",
        budget_s=None, trials=10, dry_run=False, reason="after the repair", actor=ADMIN,
    )  # fmt: skip
    book.start_run(run, run_id="flights__train/manual__5")
    return book


def july(number: int) -> datetime:
    return datetime(2013, 7, number, 8, tzinfo=UTC)


def decide(ledger: Ledger, evidence: dict[str, Any], **others: Any) -> None:
    values: dict[str, Any] = {
        "run_key": "run", "model": "flights", "timeline": "live", "kind": "promotion",
        "verdict": "promote", "reason": "better beyond doubt", "as_of": july(5), "actor": ADMIN,
        "champion_version": "1",
    }  # fmt: skip
    ledger.record_decision(others.pop("key", "gate"), evidence=evidence, **{**values, **others})


def register(ledger: Ledger, version: str, **details: Any) -> ArtifactRef:
    artifact = ArtifactRef(key=version, digest=version * 64, size_bytes=1)
    ledger.intend_version(
        version, model="flights", artifact=artifact, run_key="run", timeline="live",
        as_of=july(5), details=details,
    )  # fmt: skip
    ledger.record_version(version, version=version, mlflow_run_id=f"mlflow-{version}")
    return artifact


def release(ledger: Ledger, version: str, artifact: ArtifactRef, **others: Any) -> None:
    head = ledger.champion("flights")
    values: dict[str, Any] = {
        "key": f"release {version}", "model": "flights", "predecessor": head.id if head else 0,
        "as_of": july(5), "valid_from": july(5), "actor": ADMIN, "reason": "better",
    }  # fmt: skip
    ledger.release(ReleaseRequest(version=version, artifact=artifact, **{**values, **others}))


def night(ledger: Ledger) -> str:
    return "\n".join(tell_night(ledger, run_key="run", model="flights", timeline="live").sentences)


def test_every_number_of_a_verdict_is_told(ledger: Ledger) -> None:
    decide(ledger, FULL)
    told = night(ledger)
    for said in (
        "was started by admin (Airflow)",
        "as run flights__train/manual__5.",
        "at most 10 trials; training asked for; reason given: after the repair.",
        "The gate judged the night's own candidate, against version 1.",
        "It said promote at ",
        "Evidence: log_loss was lower by 0.01230 (0.00200 to 0.02260) on 30 days (2013-06-01 to "
        "2013-06-30), 27,000 rows; p 0.00400, lag-1 correlation 0.24000.",
        "This night's look, at 30 days, spent alpha 0.00150; the looks so far, 4, spent 0.00420 of "
        "the year's budget",
        "The gain lies 3.10 standard errors above what is not enough, where 2.90 standard errors "
        "above it are asked for.",
        "Guard roc_auc: broken, 0.70000 against the champion's 0.71000, worse by 0.01000 where "
        "0.00500 is allowed.",
        "Performance on the hold-out: log_loss 0.51000 (0.50000 to 0.52000).",
        "Sanity: no problem was found.",
        "Leaks, of 12 features looked at: delay predicts too well; accepted: tail (ok).",
        "Drift against the training: 1 of 12 columns, most of all wind_speed (PSI 0.61000).",
        "The mode of the gate: enforce; dry run: no.",
        "what came of it is unknown",
    ):
        assert said in told, said


def test_a_decision_that_holds_nothing_is_told_by_its_gaps(ledger: Ledger) -> None:
    decide(ledger, {})
    told = night(ledger)
    for said in (
        "Paired evidence: none",
        "Alpha spent of the year's budget of false promotions: unknown.",
        "Guards: unknown.",
        "Performance on the hold-out: unknown.",
        "Sanity: unknown.",
        "Leaks: unknown, none were looked for.",
        "Drift: unknown, there was nothing to compare with.",
        "The mode of the gate: unknown; dry run: unknown.",
        "Nothing was released by it.",
    ):
        assert said in told, said


@pytest.mark.parametrize("part", sorted(set(FULL["evidence"]) - {"blocks"}))
def test_a_number_that_is_missing_is_unknown_and_the_others_are_told(
    ledger: Ledger, part: str
) -> None:
    decide(ledger, {**FULL, "evidence": {**FULL["evidence"], part: None}})
    told = night(ledger)
    assert "Evidence: " in told
    assert "None" not in told


def test_a_refusal_is_told_with_its_reason(ledger: Ledger) -> None:
    decide(ledger, FULL)
    decide(
        ledger, {"decision": "gate"}, key="no", kind="release", verdict="refused",
        reason="flights is frozen by anna (OS user)",
    )  # fmt: skip
    told = night(ledger)
    assert told.count("frozen by anna") == 1
    assert "it was not released: flights is frozen by anna (OS user)." in told
    assert "what came of it is unknown" not in told


def ask(ledger: Ledger, *, champion_release: int | None) -> None:
    evidence = {
        "decision": {"key": "gate", "champion_release": champion_release},
        "deadline_s": 3600.0,
        "on_deadline": "reject",
    }
    decide(
        ledger, evidence, key="question", kind="approval", verdict="ask", reason="a guard is close",
        candidate_version="2",
    )  # fmt: skip


def test_a_decision_that_waits_for_a_person_is_told_to_wait(ledger: Ledger) -> None:
    decide(ledger, FULL)
    ask(ledger, champion_release=None)
    told = night(ledger)
    assert "Version 2 waits for a person's answer until " in told
    assert "without one it is rejected." in told
    assert "unknown" not in told


def test_a_question_that_another_champion_overtook_does_not_wait(ledger: Ledger) -> None:
    decide(ledger, FULL)
    ask(ledger, champion_release=None)
    release(ledger, "3", register(ledger, "3"))
    told = night(ledger)
    assert "waits for" not in told
    assert "Version 2 waited for an answer until another champion came, and is moot." in told


def test_standard_errors_are_told_as_the_reason_writes_them(ledger: Ledger) -> None:
    decide(ledger, {**FULL, "distance": 0.1234})
    assert (
        "The gain lies 0.12 standard errors above what is not enough, where 2.90 standard errors "
        "above it are asked for." in night(ledger)
    )


def test_an_approval_is_told_with_who_answered_and_when(ledger: Ledger) -> None:
    decide(ledger, FULL)
    decide(ledger, {}, key="question", kind="approval", verdict="ask", reason="a guard is close")
    ledger.record_approval(
        "question", decision_key="gate", version="2", answer="approve", reason="looks right",
        actor=ANNA,
    )  # fmt: skip
    release(ledger, "2", register(ledger, "2"), decision_key="gate", valid_from=july(6))
    told = night(ledger)
    assert "A person was asked whether to release it, because a guard is close." in told
    assert "anna (OS user) answered approve at " in told
    assert ": looks right." in told
    assert (
        "Version 2 became champion at 2013-07-06 08:00 UTC by the release of admin (Airflow), and "
        "still is: better." in told
    )


def test_a_challenger_is_told_by_its_version_and_the_place_it_took_and_left(
    ledger: Ledger,
) -> None:
    register(ledger, "2")
    for act in (ledger.enter_challenger, ledger.leave_challenger):
        act("flights", "2", timeline="live", as_of=july(5), reason=act.__name__, actor=ADMIN)
    decide(ledger, {**FULL, "metrics": {}, "challenger": "2"}, candidate_version="2")
    told = night(ledger)
    assert "The gate judged the challenger, version 2, against version 1." in told
    assert "Performance on the hold-out" not in told
    assert "Version 2 took the challenger's place as of 2013-07-05 08:00 UTC, by admin" in told
    assert "Version 2 left the challenger's place" in told
    version = ledger.version("flights", "2")
    assert version is not None
    assert "the challenger, version 2" in " ".join(tell_version(ledger, version).sentences)


def test_a_version_that_others_registered_is_told_without_guesses(ledger: Ledger) -> None:
    artifact = register(ledger, "7", adopted_digest="f" * 64, cutoff=None)
    release(ledger, "7", artifact, kind="adopt", actor=ANNA, reason="it serves already")
    version = ledger.version("flights", "7")
    assert version is not None
    told = tell_version(ledger, version)
    said = " ".join(told.sentences)
    assert "Version 7 of flights was registered by others, and adopted in the run " in said
    assert "How it was trained is unknown. It may have learnt from rows until unknown." in said
    assert "How it was judged is unknown" in said
    assert "by an adoption of anna (OS user), and still is: it serves already." in said
    assert (told.document["performance"], told.document["author"]) == (None, None)
    assert told.document["released_by"] == ANNA.model_dump()


def test_how_a_version_did_is_weighted_by_its_rows_as_known_last(ledger: Ledger) -> None:
    register(ledger, "2")
    ledger.record_evaluations(
        [
            judged(1, rows=100, loss=0.9, known=2),
            judged(1, rows=300, loss=0.4, known=4),  # more labels came
            judged(2, rows=100, loss=0.8, known=4),
            judged(2, rows=100, loss=0.1, known=4, hindsight=True),
            judged(3, rows=900, loss=0.1, known=4, version="3"),
        ]
    )
    version = ledger.version("flights", "2")
    assert version is not None
    told = tell_version(ledger, version)
    assert told.document["history"]["value"] == pytest.approx((300 * 0.4 + 100 * 0.8) / 400)
    assert "On 2 evaluated intervals from 2013-07-01T08:00:00+00:00 to " in " ".join(told.sentences)
    assert "its log_loss was 0.50000 over 400 labelled rows" in " ".join(told.sentences)


def judged(
    number: int,
    *,
    rows: int,
    loss: float,
    known: int,
    hindsight: bool = False,
    version: str = "2",
) -> Judged:
    return Judged(
        key=f"{number}/{known}/{hindsight}/{version}", model="flights", version=version,
        chosen_by="champion", interval_start=july(number), interval_end=july(number + 1),
        knowledge_time=july(known), hindsight=hindsight, rows=rows, labelled_rows=rows,
        metrics={"log_loss": {"value": loss, "lower": None, "upper": None}}, slices=(), details={},
    )  # fmt: skip


def test_a_model_that_only_a_person_acted_on_is_told_by_the_act(ledger: Ledger) -> None:
    assert tell_model(ledger, "flights") is None
    release(ledger, "2", register(ledger, "2"), kind="promote", actor=ANNA, reason="I know why")
    told = tell_model(ledger, "flights")
    assert told is not None
    (said,) = told.sentences
    assert "by a promotion by hand of anna (OS user), and still is: I know why." in said


def test_reading_the_book_loads_no_library_of_a_night() -> None:
    probe = (
        "import sys, lamplighter.cli.explain_book, lamplighter.cli.show_history, "
        "lamplighter.cli.show_champion, lamplighter.cli.known_defects;"
        "print(sorted({'mlflow', 'pandas', 'sklearn', 'deltalake'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
