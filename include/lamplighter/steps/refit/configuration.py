"""What a version was configured as: its members, their parameters and rounds, how they combine."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lamplighter.contracts import CandidateRef
from lamplighter.errors import ArtifactError, TrainingError
from lamplighter.ledger.records import Version
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.night import Stores
from lamplighter.steps.proof.course import Course, read_course
from lamplighter.steps.proof.record import candidate_of
from lamplighter.training.predictor import Predictor
from lamplighter.training.trial import TrialRecord

ADOPTED = "adopted_digest"
REFIT_OF = "refit_of"
"""Under this name a version's details say whose refit it is."""


@dataclass(frozen=True)
class Configuration:
    """A version as it was configured, without what it learnt.

    Attributes
    ----------
    candidate : CandidateRef
        What the night that trained it came to.
    members : dict of str to TrialRecord
        What each member is fitted by, with the rounds that it was fitted with.
    """

    version: Version
    candidate: CandidateRef
    members: dict[str, TrialRecord]

    def predictor(self, stores: Stores) -> Predictor:
        """Read its file: the combination, calibration and decisions are taken from it."""
        return Predictor.from_bytes(stores.artifacts.read(self.version.artifact))


def configuration_of(stores: Stores, version: Version) -> Configuration:
    """Return what a version was configured as.

    In a replay, that of the champion which it began with is read from what really happened.

    Raises
    ------
    TrainingError
        If it cannot be fitted again: it was adopted, is a refit itself, or was continued from
        another version; or nothing, or too little, was kept of how it was fitted.
    """
    why_not = _why_not(version)
    if why_not:
        raise TrainingError(f"version {version.version} cannot be fitted again: {why_not}")
    places = (stores,) if stores.lived is None else (stores, stores.lived)
    for place in places:
        of_place = version if place is stores else replace(version, timeline=LIVE)
        candidate = candidate_of(place, of_place)
        if candidate is None or candidate.course is None:
            continue
        try:
            course = _course(places, candidate)
        except ArtifactError as error:
            raise TrainingError(
                f"version {version.version} cannot be fitted again: {error}"
            ) from error
        return Configuration(version, candidate, _members(version, course))
    raise TrainingError(
        f"version {version.version} cannot be fitted again: it was trained by a release that did "
        "not keep how"
    )


def refit_detail(candidate: CandidateRef) -> dict[str, str]:
    """Return what a version's details say of whose refit it is; nothing where it is none."""
    return {REFIT_OF: candidate.refit_of} if candidate.refit_of is not None else {}


def _why_not(version: Version) -> str:
    if ADOPTED in version.details:
        return "it was adopted, so it was trained elsewhere"
    if REFIT_OF in version.details:
        return f"it is a refit already, of version {version.details[REFIT_OF]}"
    return ""


def _course(places: tuple[Stores, ...], candidate: CandidateRef) -> Course:
    assert candidate.course is not None
    *first, last = places
    for place in first:
        try:
            return read_course(place.artifacts, candidate.course)
        except ArtifactError:
            continue
    return read_course(last.artifacts, candidate.course)


def _members(version: Version, course: Course) -> dict[str, TrialRecord]:
    if course.continued:
        raise TrainingError(
            f"version {version.version} cannot be fitted again: its members go on from version "
            f"{course.continued}, so no single fit comes to them"
        )
    found = {}
    for member in course.members:
        assert member.trial is not None  # only members of a continued version have none
        params = dict(member.params)
        if "rounds" in params and member.rounds is not None:
            params["rounds"] = member.rounds
        found[member.name] = TrialRecord(
            index=member.trial,
            algorithm=member.algorithm,
            params=params,
            loss=None,
            seconds=0.0,
            status="ok",
        )
    return found
