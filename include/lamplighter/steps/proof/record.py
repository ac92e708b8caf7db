"""What is stored with a version so that anybody can train it again and compare."""

from __future__ import annotations

import json
from typing import Any, Literal

from lamplighter.contracts import ArtifactRef, CandidateRef, Contract, ExamplesRef, TableSnapshot
from lamplighter.ledger.records import Version, VersionIntent
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Night, Stores
from lamplighter.steps.proof.course import read_course
from lamplighter.steps.proof.example_digests import examples_digest, split_digest, whole
from lamplighter.steps.replay.registering import SEARCH
from lamplighter.steps.stored_search import CANDIDATE, THREADS, WORKERS, search_seed

PROOF = "proof"
_FILES = "files"


class Proof(Contract):
    """All that went into a version, by digest.

    Attributes
    ----------
    tables : dict of str to TableSnapshot
        What each table of the lake held.
    columns : dict of str to tuple of str
        The columns that each table had then; later ones change no digest.
    split, examples : str
        Digests of who was trained on and held out, and of all that was learnt from.
    examples_file : ArtifactRef
        The examples themselves, while they are kept.
    seeds : dict of str to int
        Of the spec, and of the search, from which all others derive.
    threads : dict of str to int
        Of a search's worker, and of the final fit.
    course, readings : ArtifactRef
        How the final fit went, and what its clock said, where it asked for the time.
    """

    format: Literal[1] = 1
    snapshot: str
    tables: dict[str, TableSnapshot]
    columns: dict[str, tuple[str, ...]]
    split: str
    examples: str
    examples_file: ArtifactRef
    features: tuple[str, ...]
    training_rows: int
    holdout_rows: int
    seeds: dict[str, int]
    threads: dict[str, int]
    workers: int
    trials: int
    search_key: str
    lock: str
    code: str
    course: ArtifactRef
    readings: ArtifactRef | None = None

    def summary(self) -> dict[str, Any]:
        """Return what is shown beside a version, in MLflow too."""
        return {
            "data_digest": self.snapshot,
            "split_digest": self.split,
            "examples_digest": self.examples,
            "lock_digest": self.lock,
            "code_digest": self.code,
            "seed": self.seeds["spec"],
            "search_seed": self.seeds["search"],
            "threads": self.threads["fit"],
            "search_threads": self.threads["search"],
        }


def proof_of(
    night: Night, examples: ExamplesRef, candidate: CandidateRef, frame: NightExamples
) -> Proof | None:
    """Write down what went into a candidate; None for one of a release that kept no course."""
    if candidate.course is None:
        return None
    course = read_course(night.artifacts, candidate.course)
    search = night.ledger.search(candidate.search_key)
    settings = search.settings if search else {}
    rows = whole(frame)
    return Proof(
        snapshot=examples.snapshot_digest,
        tables=examples.tables,
        columns={
            name: tuple(night.lake.columns(night.run.model, name) or ())
            for name in night.spec.data.tables
        },
        split=split_digest(rows),
        examples=examples_digest(rows, examples.features),
        examples_file=examples.artifact,
        features=examples.features,
        training_rows=examples.training_rows,
        holdout_rows=examples.holdout_rows,
        seeds={"spec": night.spec.search.seed, "search": search_seed(night)},
        threads={"search": settings.get(THREADS, course.threads), "fit": course.threads},
        workers=settings.get(WORKERS, 1),
        trials=len(night.ledger.trials(candidate.search_key)),
        search_key=candidate.search_key,
        lock=course.lock,
        code=course.code,
        course=candidate.course,
        readings=course.readings,
    )


def keep_proof(night: Night, candidate: CandidateRef, proof: Proof) -> dict[str, Any]:
    """Store a proof and return what a version's details say about it."""
    key = night.key(PROOF, candidate.artifact.digest)
    document = json.dumps(proof.model_dump(mode="json"), indent=1, sort_keys=True)
    ref = night.artifacts.write(f"{key}.json", document.encode())
    files = [ref, proof.course, *([proof.readings] if proof.readings else [])]
    return {PROOF: {**proof.summary(), _FILES: [file.model_dump(mode="json") for file in files]}}


def stored_proof(stores: Stores, version: Version) -> Proof | None:
    """Read a version's proof; None for one that was registered without.

    Raises
    ------
    ArtifactError
        If it is missing or was changed.
    """
    files = proof_files(version)
    return Proof.model_validate_json(stores.artifacts.read(files[0])) if files else None


def proof_files(version: Version | VersionIntent) -> list[ArtifactRef]:
    """Return the files that a version's proof consists of, the record itself first."""
    said = version.details.get(PROOF, {})
    return [ArtifactRef.model_validate(file) for file in said.get(_FILES, [])]


def candidate_of(stores: Stores, version: Version) -> CandidateRef | None:
    """Return the candidate that became a version; None for one that no night here trained."""
    known = version.details.get(SEARCH)
    searches = (
        [stores.ledger.finished_search(known) or {}]
        if known
        else stores.ledger.searches_of(
            version.model, timeline=version.timeline, as_of=version.as_of
        ).values()
    )
    for result in searches:
        if CANDIDATE in result:
            candidate = CandidateRef.model_validate(result[CANDIDATE])
            if candidate.artifact.digest == version.artifact.digest:
                return candidate
    return None
