"""A process killed before or after any commit, and tried again, leaves what one run leaves."""

from __future__ import annotations

import json
import subprocess
import sys

A_NIGHT_KILLED_AT_EVERY_COMMIT = """
import json, os, signal, sys
from datetime import UTC, datetime
import sqlalchemy as sa
from lamplighter.contracts import Actor, ArtifactRef, RunRef
from lamplighter.ledger import Ledger, ReleaseRequest, tables

WHEN = datetime(2013, 7, 1, tzinfo=UTC)
BY = Actor(name="ada", kind="os_user")
FILE = ArtifactRef(key="candidate", digest="d", size_bytes=1)


def night(ledger, name):
    "Every kind of write that a night does, under names of its own."
    about = {"model": name, "timeline": "live", "as_of": WHEN}
    ledger.put_spec(name, model=name, document={"a": 1})
    ledger.start_run(run_id=name, run=RunRef(
        run_key="r", spec_digest=name, knowledge_time=WHEN, force_retrain=False, gate_mode="off",
        budget_s=None, trials=1, dry_run=False, reason="", actor=BY, **about))
    ledger.open_search(name, settings={}, **about)
    while (index := ledger.claim_trial(name, worker=0, limit=2)) is not None:
        ledger.add_trial(name, index=index, worker=0, algorithm="linear", params={}, loss=1.0,
                         seconds=1.0, status="ok")
    ledger.finish_search(name, {"best": 0})
    ledger.record_decision(name, run_key="r", kind="promotion", verdict="promote", reason="",
                           evidence={}, actor=BY, **about)
    ledger.intend_version(name, artifact=FILE, run_key="r", **about)
    ledger.record_version(name, version="1", mlflow_run_id="m")
    ledger.release(ReleaseRequest(key=name, version="1", artifact=FILE, predecessor=0, reason="",
                                  valid_from=WHEN, actor=BY, decision_key=name, **about))
    ledger.record_notice(name, model=name, event="promotion", level="info", message="", via="log")
    ledger.freeze(name, reason="enough", actor=BY)


def die_at(engine, moment, number):
    "Kill this process just before or just after the commit of its write of this number."
    commits = []
    def before(connection):
        commits.extend([1] * connection.get_execution_options().get("lamplighter_writes", False))
        if len(commits) == number and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    def after(connection, record):
        if len(commits) == number and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
    sa.event.listen(engine, "commit", before)
    sa.event.listen(engine, "close", after)


def exit_code(act):
    child = os.fork()
    if child == 0:
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def content(url, name):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return {table.name: sorted(
            str([value for column, value in row._mapping.items()
                 if column not in ("id", "recorded_at")]).replace(name, "NAME")
            for row in connection.execute(sa.select(table)) if name in map(str, row))
            for table in tables.metadata.sorted_tables}


url = sys.argv[1]
ledger = Ledger.open(url)
def killed(name, moment, number):
    die_at(ledger._database._engine, moment, number)
    night(ledger, name)

outcomes = []
night(ledger, "undisturbed")
for number in range(1, 19):
    for moment in ("before", "after"):
        name = f"{moment}-{number:02}"
        first = exit_code(lambda: killed(name, moment, number))
        again = exit_code(lambda: night(ledger, name))
        outcomes.append([first, again, content(url, name)])
print(json.dumps([content(url, "undisturbed"), outcomes]))
"""


def test_a_night_killed_at_any_commit_and_tried_again_writes_each_row_once(url):
    done = subprocess.run(
        [sys.executable, "-c", A_NIGHT_KILLED_AT_EVERY_COMMIT, url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    undisturbed, outcomes = json.loads(done.stdout)
    assert {name: len(rows) for name, rows in undisturbed.items()} == {
        "ledger_specs": 1,
        "ledger_runs": 1,
        "ledger_searches": 1,
        "ledger_claims": 2,
        "ledger_reclaims": 0,
        "ledger_trials": 2,
        "ledger_search_results": 1,
        "ledger_decisions": 1,
        "ledger_version_intents": 1,
        "ledger_versions": 1,
        "ledger_releases": 1,
        "ledger_notices": 1,
        "ledger_freezes": 1,
        "ledger_challenges": 0,
        "ledger_evaluations": 0,
        "ledger_defects": 0,
        "ledger_incidents": 0,
        "ledger_approvals": 0,
    }
    killed = [first for first, _, _ in outcomes]
    assert killed.count(-9) >= 2 * 13, "each write was to be killed on both sides of its commit"
    assert killed[-1] == 0, "there were more commits than the loop tried"
    once = {name: rows for name, rows in undisturbed.items() if name != "ledger_reclaims"}
    for _, again, content in outcomes:
        assert again == 0
        # A trial that was given out, and whose worker then died, was given out twice: written too.
        given_again = content.pop("ledger_reclaims")
        assert len(given_again) <= 1
        assert content == once
