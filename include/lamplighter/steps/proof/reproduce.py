"""Train a registered version again from what is stored, and say whether it is the same."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from lamplighter.errors import ArtifactError, DataError, LamplighterError, SpecError
from lamplighter.ledger.records import Version
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.golden_rows import kept_golden
from lamplighter.steps.load_model import load_payload
from lamplighter.steps.night import Stores
from lamplighter.steps.proof.course import Course, first_difference
from lamplighter.steps.proof.repetition import Repetition, known_version, open_repetition
from lamplighter.steps.proof.same_data import changed_examples, changed_tables
from lamplighter.steps.proof.same_search import same_search
from lamplighter.steps.proof.verdict import TOLERANCE, Difference, Reproduction, why_different
from lamplighter.training.ensemble import FittedEnsemble
from lamplighter.training.predictor import Predictor
from lamplighter.training.scorer import Scorer


def reproduce(
    stores: Stores,
    model: str,
    version: str,
    *,
    threads: int = 1,
    say: Callable[[str], None] = lambda sentence: None,
) -> Reproduction:
    """Train a version again as of its night, and compare.

    It reads the lake as it was known then, the spec and the search as they are stored, and
    follows the recorded clock where the budget was counted in seconds. Nothing is registered, and
    nothing is written but to a folder that is deleted at the end.

    Parameters
    ----------
    threads : int
        For a version of which it was not recorded how many it was fitted with.

    Raises
    ------
    UsageError
        If there is no such version, or it was adopted.
    LedgerError
        If the ledger does not hold the night that trained it.
    """
    known = known_version(stores, model, version)
    with tempfile.TemporaryDirectory(prefix="lamplighter-again-") as folder:
        try:
            repetition = open_repetition(stores, known, folder=folder, threads=threads, say=say)
        except SpecError as error:
            return _ended(known, "different", Difference("code", str(error)))
        gone = repetition.why_gone()
        return _purged(repetition, gone) if gone else _compared(stores, repetition)


def _compared(stores: Stores, again: Repetition) -> Reproduction:
    known = again.known
    try:
        moved = list(changed_tables(again.night, again.proof)) if again.proof else []
    except DataError as error:
        return _purged(again, str(error))
    around = tuple(again.around())
    again.night.say("building the examples as of then")
    try:
        frame = again.examples()
        said = changed_examples(again.night, again.proof, again.candidate, frame)
    except (DataError, SpecError) as error:
        cause = why_different((*moved, *around), first_otherwise=str(error), known=_is_known(again))
        return _ended(known, "different", cause, again, (*moved, *around))
    if said and moved:
        cause = Difference("data", f"{moved[0].what}: {said}")
        return _ended(known, "different", cause, again, (*moved, *around))
    fit = _fit_of(again, frame)
    if isinstance(fit, str):
        return _purged(again, fit)
    origin, fit_members = fit
    try:
        fitted, course = fit_members()
    except LamplighterError as error:
        cause = why_different(around, first_otherwise=str(error), known=_is_known(again))
        return _ended(known, "different", cause, again, (*moved, *around))
    payload = fitted.predictor.to_bytes()
    found: dict[str, Any] = {"now": hashlib.sha256(payload).hexdigest(), "origin": origin}
    if found["now"] == known.artifact.digest:
        return _ended(known, "identical", None, again, (*moved, *around), **found)
    stored, unloadable = _stored(stores, again)
    around = (*around, *unloadable)
    within = _gap(stores, again, stored, fitted.predictor, frame)
    otherwise = said or (first_difference(again.course, course) if again.course else "")
    otherwise = otherwise or _first_part(stored, fitted.predictor)
    cause = why_different(around, first_otherwise=otherwise, known=_is_known(again))
    verdict = "equivalent" if within is not None and within <= TOLERANCE else "different"
    return _ended(known, verdict, cause, again, (*moved, *around), within=within, **found)


def _fit_of(
    again: Repetition, frame: NightExamples
) -> tuple[str, Callable[[], tuple[FittedEnsemble, Course]]] | str:
    """Return in words by what members are fitted, and the fit; or why there is none any more."""
    refit_of = again.candidate.refit_of
    if refit_of is not None:
        return f"the members of version {refit_of}", lambda: again.fit_refit(frame)
    search = same_search(again.night, frame, again.candidate.search_key)
    return search if isinstance(search, str) else (search.origin, lambda: again.fit(frame, search))


def _is_known(again: Repetition) -> bool:
    return again.course is not None


def _purged(again: Repetition, why: str) -> Reproduction:
    return _ended(again.known, "data purged", Difference("data", why), again)


def _ended(
    known: Version,
    verdict: Any,
    cause: Difference | None,
    again: Repetition | None = None,
    differences: tuple[Difference, ...] = (),
    *,
    within: float | None = None,
    now: str | None = None,
    origin: str = "",
) -> Reproduction:
    reason = cause.what if cause else "the same file came out, to the bit"
    return Reproduction(
        model=known.model,
        version=known.version,
        verdict=verdict,
        cause=cause.cause if cause and verdict != "data purged" else None,
        reason=reason,
        digest_then=known.artifact.digest,
        digest_now=now,
        within=within,
        differences=differences,
        notes=tuple(again.notes) if again else (),
        origin=origin,
        facts=_facts(again),
    )


def _facts(again: Repetition | None) -> dict[str, Any]:
    """Return what was recorded, for whoever reads the JSON."""
    proof, course = (again.proof, again.course) if again else (None, None)
    return {
        "recorded": {**proof.summary(), "trials": proof.trials, "workers": proof.workers}
        if proof
        else None,
        "members": [member.model_dump(mode="json") for member in course.members] if course else [],
    }


def _stored(stores: Stores, again: Repetition) -> tuple[Scorer | None, list[Difference]]:
    """Load the file of then; one of another format was written by other code."""
    try:
        payload = stores.artifacts.read(again.known.artifact)
    except ArtifactError as error:
        again.notes.append(str(error))
        return None, []
    try:
        return load_payload(payload), []
    except ArtifactError as error:
        return None, [Difference("code", f"its file does not load: {error}")]


def _gap(
    stores: Stores,
    again: Repetition,
    stored: Scorer | None,
    predictor: Predictor,
    frame: NightExamples,
) -> float | None:
    """Return by how much predictions differ at most; None where there is nothing to compare."""
    try:
        kept = kept_golden(stores, again.known)
        if kept is not None:
            rows, then = kept
        elif stored is not None:
            rows = frame.features(frame.holdout)
            then = np.asarray(stored.predict(rows, threads=again.night.threads), dtype=np.float64)
        else:
            return None
        now = np.asarray(predictor.predict(rows, threads=again.night.threads), dtype=np.float64)
    except LamplighterError as error:
        again.notes.append(f"predictions were not compared: {error}")
        return None
    then, now = then.reshape(len(rows), -1), now.reshape(len(rows), -1)
    if then.shape != now.shape:
        return None
    spread = float(then.std()) or 1.0 if predictor.task == "regression" else 1.0
    return float(np.max(np.abs(now - then))) / spread


def _first_part(then: Scorer | None, now: Predictor) -> str:
    """Name the part of a model that differs first."""
    if not isinstance(then, Predictor):
        return "another file came out"
    for name, old, new in zip(now.names, then.members, now.members, strict=False):
        if pickle.dumps(old, protocol=5) != pickle.dumps(new, protocol=5):
            return f"member {name} came out otherwise"
    for part in ("encoders", "combiner", "calibration", "rule", "intervals"):
        if pickle.dumps(getattr(then, part)) != pickle.dumps(getattr(now, part)):
            return f"the {part} came out otherwise"
    return "another file came out"
