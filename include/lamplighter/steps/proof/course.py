"""How a candidate was fitted: by which trials, on how many threads, where, by which clock."""

from __future__ import annotations

import json
from typing import Any

from lamplighter.contracts import ArtifactRef, Contract
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.spec import ModelSpec
from lamplighter.steps.proof.clock_tape import ClockTape, tape_of
from lamplighter.steps.proof.code_files import code_digest, code_files
from lamplighter.steps.proof.environment import Environment, environment
from lamplighter.training.ensemble import FittedEnsemble


class FittedMember(Contract):
    """A member: the trial it was fitted by, and what came of it.

    Attributes
    ----------
    trial : int or None
        Place in the search; None for a member of a champion that was continued.
    rounds : int or None
        How many rounds it has; None for one that is not grown in rounds.
    """

    name: str
    algorithm: str
    trial: int | None
    params: dict[str, Any]
    rounds: int | None
    weight: float


class Course(Contract):
    """What was decided in a fit, and under what it was done.

    Attributes
    ----------
    threads : int
        Most threads that it used.
    lock, code : str
        Digests of the installed packages and of the source files; the files list them.
    readings : ArtifactRef or None
        Every reading of the clock; None where the fit never asked for the time.
    """

    chosen: str
    continued: str
    members: tuple[FittedMember, ...]
    threads: int
    lock: str
    code: str
    environment_file: ArtifactRef
    code_file: ArtifactRef
    readings: ArtifactRef | None = None

    def environment(self, store: ArtifactStore) -> Environment:
        """Read what was installed."""
        return Environment.model_validate_json(store.read(self.environment_file))

    def files(self, store: ArtifactStore) -> dict[str, str]:
        """Read the digests of the source files."""
        found: dict[str, str] = json.loads(store.read(self.code_file))
        return found

    def tape(self, store: ArtifactStore) -> ClockTape:
        """Read what the clock said."""
        return ClockTape() if self.readings is None else tape_of(store.read_frame(self.readings))


def course_of(
    fitted: FittedEnsemble,
    spec: ModelSpec,
    *,
    store: ArtifactStore,
    key: str,
    threads: int,
    tape: ClockTape,
) -> Course:
    """Write down how a candidate was fitted.

    The installed packages and the source files are written once for all nights that share them.
    """
    here, files = environment(), code_files(spec)
    return Course(
        chosen=fitted.chosen,
        continued=fitted.predictor.continued,
        members=_members(fitted),
        threads=threads,
        lock=here.digest,
        code=code_digest(files),
        environment_file=_written(store, f"{spec.model}/proof/environment.json", here.model_dump()),
        code_file=_written(store, f"{spec.model}/proof/code.json", files),
        readings=store.write_frame(f"{key}.readings.parquet", tape.to_frame())
        if tape.readings
        else None,
    )


def keep_course(store: ArtifactStore, key: str, course: Course) -> ArtifactRef:
    """Store a course beside its candidate."""
    return _written(store, f"{key}.course.json", course.model_dump(mode="json"))


def read_course(store: ArtifactStore, ref: ArtifactRef) -> Course:
    """Read a course back."""
    return Course.model_validate_json(store.read(ref))


def first_difference(then: Course, now: Course) -> str:
    """Say in a sentence what was decided otherwise; empty where all was decided alike."""
    if then.chosen != now.chosen:
        return f"{then.chosen} was chosen then, {now.chosen} now"
    before, after = ([member.name for member in c.members] for c in (then, now))
    if before != after:
        return f"the members were {', '.join(before)}, and are {', '.join(after)}"
    for old, new in zip(then.members, now.members, strict=True):
        for name in ("trial", "params", "rounds", "weight"):
            was, now_is = getattr(old, name), getattr(new, name)
            if was != now_is:
                return f"member {old.name} had {name} {was}, and has {now_is}"
    return ""


def _members(fitted: FittedEnsemble) -> tuple[FittedMember, ...]:
    made = zip(fitted.predictor.names, fitted.predictor.members, strict=True)
    found = []
    for name, member in made:
        trial = fitted.trials.get(name)
        found.append(
            FittedMember(
                name=name,
                algorithm=trial.algorithm if trial else name,
                trial=trial.index if trial else None,
                params=dict(trial.params) if trial else {},
                rounds=member.rounds,
                weight=fitted.weights[name],
            )
        )
    return tuple(found)


def _written(store: ArtifactStore, key: str, document: Any) -> ArtifactRef:
    return store.write(key, json.dumps(document, indent=1, sort_keys=True).encode())
