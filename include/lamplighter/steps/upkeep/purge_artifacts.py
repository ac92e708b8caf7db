"""Duty purge_artifacts: delete old files that a night leaves behind and nobody refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from lamplighter.contracts import ArtifactRef, CandidateRef, Upkeep
from lamplighter.data.artifacts import StoredFile
from lamplighter.steps.proof.record import proof_files
from lamplighter.steps.upkeep.forget_trials import champions_searches
from lamplighter.steps.upkeep.round import Round

_PURGEABLE = {
    "staged rows": re.compile(r"[^/]+/staged/[^/]+\.parquet"),
    "examples": re.compile(r"[^/]+/[^/]+/[^/]+/(examples|live)-[^/]+\.parquet"),
    "predictions of trials": re.compile(r"[^/]+/[^/]+/[^/]+/search-[^/]+/trial-[^/]+\.predictions"),
    "unregistered candidates": re.compile(
        r"[^/]+/[^/]+/[^/]+/candidate-[^/]+\.(predictor|course-[^/]+|readings-[^/]+)"
    ),
}
"""What may go, by its path in the store. Reports, and whatever else lies there, stays for good."""

UNFINISHED = "unfinished files"
_UNFINISHED = re.compile(r"(.*/)?\.[0-9a-f]+\.partial")
_UNFINISHED_DAYS = 2
_MEGABYTE = 1_000_000


def purge_artifacts(task: Round) -> Upkeep:
    """Delete staged rows, examples and unregistered candidates that are older than the limit.

    Kept for good: the file of every registered version, and how it was fitted; the examples and
    the predictions of trials of every version that was ever champion, on any timeline. The
    examples of the others can be built again from the lake, which keeps all rows. In the place of
    each deleted file stays a note; whoever reads it later is told "data purged" and why.
    """
    with task.stores.ledger.alone("purge artifacts"):
        gone: dict[str, list[StoredFile]] = {}
        for kind, file in _purgeable(task):
            if task.dry_run or _purge(task, kind, file):
                gone.setdefault(kind, []).append(file)
                task.say(f"{file.path} ({file.size_bytes:,} bytes, of {file.written_at:%Y-%m-%d})")
    done = [
        f"deleted {len(files)} {kind}, {sum(f.size_bytes for f in files) / _MEGABYTE:.1f} MB"
        for kind, files in gone.items()
    ]
    return task.report("purge_artifacts", done=done)


def protected_places(task: Round) -> set[str]:
    """Return the paths in the store that must stay: what versions and champions refer to."""
    ledger = task.stores.ledger
    refs: list[ArtifactRef] = []
    for model in ledger.models():
        versions = {version.version: version for version in ledger.versions(model)}
        refs += [version.artifact for version in versions.values()]
        intents = ledger.unfinished_intents(model)
        refs += [intent.artifact for intent in intents]
        refs += chain.from_iterable(map(proof_files, versions.values()))
        refs += chain.from_iterable(map(proof_files, intents))
        for release in ledger.releases_anywhere(model):
            refs.append(release.artifact)
            version = versions.get(release.version)
            if version is not None:
                refs += _examples(task, model, version.timeline, version.as_of)
    return {task.stores.artifacts.place(ref) for ref in refs}


def _examples(task: Round, model: str, timeline: str, as_of: datetime) -> list[ArtifactRef]:
    searches = task.stores.ledger.searches_of(model, timeline=timeline, as_of=as_of)
    candidates = [result["candidate"] for result in searches.values() if "candidate" in result]
    return [CandidateRef.model_validate(candidate).examples for candidate in candidates]


def _purgeable(task: Round) -> Iterator[tuple[str, StoredFile]]:
    kept, searches = protected_places(task), champions_searches(task)
    limit = task.before(days=task.keep.artifacts_days)
    artifacts = task.stores.artifacts
    # Folder by folder: a thousand models leave millions of files.
    for file in chain.from_iterable(map(artifacts.files, artifacts.folders())):
        kind = _kind(file)
        oldest = task.before(days=_UNFINISHED_DAYS) if kind == UNFINISHED else limit
        stays = file.path in kept or file.path.rpartition("/")[0] in searches
        if kind is not None and not stays and file.written_at < oldest:
            yield kind, file


def _purge(task: Round, kind: str, file: StoredFile) -> bool:
    if kind == UNFINISHED:
        task.stores.artifacts.drop_unfinished(file)
        return True
    why = (
        f"was deleted on {task.now:%Y-%m-%d}, {task.keep.artifacts_days} days after it was last "
        "written, since no champion refers to it"
    )
    return task.stores.artifacts.purge(
        file.path, why=why, written_before=task.before(days=task.keep.artifacts_days)
    )


def _kind(file: StoredFile) -> str | None:
    if _UNFINISHED.fullmatch(file.path):
        return UNFINISHED
    return next((kind for kind, path in _PURGEABLE.items() if path.fullmatch(file.path)), None)
