"""The night of a version done once more: what it reads, and a place of its own to write to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from lamplighter.contracts import CandidateRef, SnapshotRef
from lamplighter.errors import (
    ArtifactError,
    ArtifactStoreUnavailableError,
    LamplighterError,
    LedgerError,
    SpecError,
    TrainingError,
    UsageError,
)
from lamplighter.ledger.records import Version
from lamplighter.spec import ModelSpec
from lamplighter.steps.examples_frame import NightExamples, read_examples
from lamplighter.steps.golden_rows import LIBRARIES
from lamplighter.steps.libraries import changes, libraries
from lamplighter.steps.night import Night, Stores
from lamplighter.steps.proof.clock_tape import ClockTape
from lamplighter.steps.proof.code_files import changed_files, code_files
from lamplighter.steps.proof.course import Course, course_of, read_course
from lamplighter.steps.proof.environment import changes_of, environment
from lamplighter.steps.proof.record import Proof, candidate_of, proof_files, stored_proof
from lamplighter.steps.proof.same_search import SameSearch
from lamplighter.steps.proof.scratch_store import ScratchStore
from lamplighter.steps.proof.verdict import Difference
from lamplighter.steps.refit.fit import fit_refit
from lamplighter.steps.refit.rows import RefitRows
from lamplighter.steps.select_features import select_features
from lamplighter.steps.train_ensemble import fit_candidate
from lamplighter.steps.validate_data import take_snapshot
from lamplighter.training.ensemble import FittedEnsemble

_MOST = 20
"""Differences of one kind that are listed; the first one is the answer."""


@dataclass(frozen=True)
class Repetition:
    """A version, what is stored about how it was made, and a night that makes it again.

    Attributes
    ----------
    proof, course : or None
        Where they were not kept, or cannot be read; `notes` says which.
    """

    known: Version
    night: Night
    candidate: CandidateRef
    proof: Proof | None
    course: Course | None
    notes: list[str] = field(default_factory=list)

    def why_gone(self) -> str:
        """Say what is gone of the version that it is a refit of; empty where nothing is."""
        if self.candidate.refit_of is None:
            return ""
        try:
            RefitRows.of(self.night, self.candidate.refit_of)
        except ArtifactStoreUnavailableError:
            raise
        except (ArtifactError, TrainingError) as error:
            return str(error)
        return ""

    def examples(self) -> NightExamples:
        """Build the examples again."""
        snapshot, refit_of = self._snapshot(), self.candidate.refit_of
        return read_examples(self.night, select_features(self.night, snapshot, refit_of=refit_of))

    def fit(self, frame: NightExamples, search: SameSearch) -> tuple[FittedEnsemble, Course]:
        """Fit the members again, and let the clock say what it said then."""
        tape = ClockTape()
        if self.course is not None:
            tape = self.course.tape(self.night.artifacts)
        seconds = self.night.run.budget_s is not None
        if seconds and not tape.readings:
            self.notes.append(
                "what the seconds of the last fit allowed was not recorded: all members were "
                "fitted to their end now"
            )
        clock = tape.replaying() if tape.readings else time.perf_counter
        fitted = fit_candidate(
            self.night,
            frame,
            search.trials,
            predictions=search.predictions,
            seconds_left=clock if seconds and tape.readings else None,
            clock=clock,
        )
        if tape.overrun:
            self.notes.append("the fit asked for the time more often than the one of then")
        return fitted, self._course_of(fitted)

    def fit_refit(self, frame: NightExamples) -> tuple[FittedEnsemble, Course]:
        """Fit the version that it is a refit of again, as its night did."""
        assert self.candidate.refit_of is not None
        refit = RefitRows.of(self.night, self.candidate.refit_of)
        fitted = fit_refit(self.night, frame, refit)
        return fitted, self._course_of(fitted)

    def around(self) -> Iterator[Difference]:
        """Say what differs in packages, machine and source files."""
        store = self.night.artifacts
        if self.course is None:
            changed = changes(self.known.details.get(LIBRARIES, {}), libraries())
            if changed:
                yield Difference("environment", changed)
            return
        here, files = environment(), code_files(self.night.spec)
        for what in _first(changes_of(self.course.environment(store), here)):
            yield Difference("environment", what)
        for what in _first(changed_files(self.course.files(store), files)):
            yield Difference("code", what)

    def _course_of(self, fitted: FittedEnsemble) -> Course:
        return course_of(
            fitted,
            self.night.spec,
            store=self.night.artifacts,
            key="again",
            threads=self.night.threads,
            tape=ClockTape(),
        )

    def _snapshot(self) -> SnapshotRef:
        if self.proof is None:
            return take_snapshot(self.night)
        run = self.night.run
        return SnapshotRef(
            as_of=run.as_of,
            knowledge_time=run.knowledge_time,
            digest=self.proof.snapshot,
            tables=self.proof.tables,
        )


def open_repetition(
    stores: Stores,
    known: Version,
    *,
    folder: str,
    threads: int,
    say: Callable[[str], None],
) -> Repetition:
    """Prepare to make a version again. What is written goes into a folder, and nowhere else.

    Raises
    ------
    SpecError
        If its spec is none by the rules of this release.
    LedgerError
        If the ledger does not know the night that it was trained on.
    """
    run = stores.ledger.run_with_key(known.run_key)
    candidate = candidate_of(stores, known)
    if run is None or candidate is None:
        raise LedgerError(
            f"the ledger does not hold the night that trained version {known.version} of "
            f"{known.model}; look whether LAMPLIGHTER_LEDGER is the ledger it was registered in"
        )
    try:
        spec = ModelSpec.model_validate(stores.ledger.spec(run.spec_digest))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SpecError(
            f"its spec {run.spec_digest} is none to this release: {where}: {first['msg']}"
        ) from error
    notes: list[str] = []
    proof = _read(notes, "what it was made of", lambda: stored_proof(stores, known))
    course = _read(
        notes,
        "how it was fitted",
        lambda: read_course(stores.artifacts, candidate.course) if candidate.course else None,
    )
    if not proof_files(known):
        notes.append("it was registered by a release that kept no proof")
    night = Night(
        spec=spec,
        run=run.model_copy(update={"dry_run": True}),
        stores=replace(stores, artifacts=ScratchStore(folder, stores.artifacts)),
        say=say,
        threads=course.threads if course else threads,
    )
    return Repetition(known, night, candidate, proof, course, notes)


def known_version(stores: Stores, model: str, version: str) -> Version:
    """Return a version that Lamplighter trained.

    Raises
    ------
    UsageError
        If there is none of that number, or somebody else trained it.
    """
    known = stores.ledger.version(model, version)
    if known is None:
        listed = ", ".join(found.version for found in stores.ledger.versions(model))
        raise UsageError(f"{model} has no version {version!r}; it has {listed or 'none'}")
    if "adopted_digest" in known.details:
        raise UsageError(
            f"version {version} of {model} was adopted, so it was trained elsewhere and nothing "
            "here says how; ask whoever registered it in MLflow"
        )
    return known


def _read[Found](notes: list[str], what: str, read: Callable[[], Found | None]) -> Found | None:
    try:
        return read()
    except (ArtifactError, ValidationError) as error:
        said = error if isinstance(error, LamplighterError) else "written by another release"
        notes.append(f"{what} cannot be read: {said}")
        return None


def _first(sentences: Iterator[str]) -> Iterator[str]:
    every = list(sentences)
    yield from every[:_MOST]
    if len(every) > _MOST:
        yield f"and {len(every) - _MOST} more"
