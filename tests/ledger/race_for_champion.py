"""A person and two schedulers, each a process of its own, make champions at the same moments."""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import sys
from typing import Any

from lamplighter.cli.main import main as command
from lamplighter.contracts import Actor, PromotionDecision, RunRequest, VersionRef
from lamplighter.ledger import Version
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.release_model import release_model
from lamplighter.steps.resolve_spec import resolve_spec
from world import day

MODEL = "returns"


def person(version: str, barrier: Any, rounds: int) -> list[str]:
    """Promote a version by the command line, once a round."""
    said = []
    for number in range(rounds):
        barrier.wait(120)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            words = ["promote", MODEL, "--version", version, "--reason", f"round {number}"]
            code = command(words)
        said.append("won" if code == 0 else err.getvalue())
        barrier.wait(120)
    return said


def scheduler(version: str, hour: int, spec_path: str, barrier: Any, rounds: int) -> list[str]:
    """Release a version by the step, each time judged against who was champion before."""
    stores, said = Stores.from_environment(), []
    stored = stores.ledger.version(MODEL, version)
    assert stored is not None
    for number in range(rounds):
        run_id = f"{MODEL}__train/{version}-{number}"
        head = stores.ledger.champion(MODEL)
        assert head is not None
        resolve_spec(
            spec_path,
            RunRequest(as_of=day(60 + number, hour=hour)),
            run_id=run_id,
            actor=Actor(name=f"scheduler {version}", kind="airflow"),
            stores=stores,
        )
        night = open_night(run_id, stores, threads=1)
        decision = _decision(stores, night.run.run_key, night.run.as_of, stored, head)
        barrier.wait(120)
        released = release_model(night, decision, _reference(stored))
        said.append("won" if released.released else released.reason)
        barrier.wait(120)
    return said


def _decision(stores: Stores, run_key: str, as_of: Any, version: Version, head: Any) -> Any:
    key = f"{run_key}/promotion"
    stores.ledger.record_decision(
        key,
        run_key=run_key,
        model=MODEL,
        timeline="live",
        kind="promotion",
        verdict="promote",
        reason="better",
        evidence={},
        as_of=as_of,
        actor=Actor(name="scheduler", kind="airflow"),
    )
    return PromotionDecision(
        key=key,
        verdict="promote",
        reason="better",
        release=True,
        champion_version=head.version,
        champion_release=head.id,
        artifact=version.artifact,
    )


def _reference(version: Version) -> VersionRef:
    return VersionRef(
        key=version.key,
        model=MODEL,
        version=version.version,
        mlflow_run_id=version.mlflow_run_id,
        artifact_digest=version.artifact.digest,
    )


def main(spec_path: str, rounds: int) -> None:
    """Let the three act, and print what each of them was told."""
    # One process has the libraries; those that fork from it have stores of their own.
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(3)
    answers = fork.Queue()
    acts = {
        "person": lambda: person("4", barrier, rounds),
        "scheduler 2": lambda: scheduler("2", 3, spec_path, barrier, rounds),
        "scheduler 3": lambda: scheduler("3", 4, spec_path, barrier, rounds),
    }
    processes = [
        fork.Process(target=lambda n=name, a=act: answers.put((n, a())))
        for name, act in acts.items()
    ]
    for process in processes:
        process.start()
    said = dict(answers.get(timeout=240) for _ in processes)
    for process in processes:
        process.join()
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
