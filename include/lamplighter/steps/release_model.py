"""Step release_model: the ledger's commit, then the alias."""

from __future__ import annotations

import logging

from lamplighter.contracts import ApprovalRef, PromotionDecision, ReleaseRef, VersionRef
from lamplighter.errors import ArtifactError, FrozenError, StaleReleaseError
from lamplighter.ledger import ReleaseRequest
from lamplighter.steps.approve_promotion import is_of_before, standing_approval
from lamplighter.steps.challenger_place import leave_place, take_place
from lamplighter.steps.champion_alias import project_alias
from lamplighter.steps.freeze_window import why_frozen
from lamplighter.steps.judged_version import judged_version
from lamplighter.steps.night import Night
from lamplighter.steps.refused_release import record_refusal

log = logging.getLogger(__name__)


def release_model(
    night: Night, decision: PromotionDecision, version: VersionRef | None
) -> ReleaseRef:
    """Make the judged version champion, if the decision says so and nothing changed since.

    What was judged is tonight's version, or the challenger. Neither is released in a time in which
    the spec says that nothing changes, nor while the model is frozen. Where a person has to
    approve, it is champion from the approval on: `as_of` plus what that took. The ledger commits
    first, comparing with the champion that it was judged against; the alias in the registry
    follows. A retry finds the ledger's row and completes the alias. Then the challenger's place is
    left, or taken, as was decided, with the night or at the moment of the approval; one whose
    release was refused keeps it, unless by a person.

    Raises
    ------
    ArtifactError
        If the registered file is not the file that was judged.
    """
    released = _released(night, decision, version)
    refused = decision.release and not released.released
    if decision.leaves and decision.challenger_version and not refused:
        why = "became champion" if released.released else decision.reason
        leave_place(night, decision.challenger_version, why, at=released.valid_from)
    if released.released and decision.challenger_version is None:
        _end_contest(night, released)
    if decision.gives_up:
        why = "the champion is no measure any more, so its evidence cannot go on"
        leave_place(night, decision.gives_up, why)
    if decision.enters and version is not None and not refused:
        take_place(night, version.version, decision.reason, at=released.valid_from)
    return released


def _end_contest(night: Night, released: ReleaseRef) -> None:
    """Let a challenger go whose champion was replaced by a model that is newer than both."""
    standing = night.challenger()
    if standing is not None:
        why = "a newer model became champion without a contest"
        leave_place(night, standing.version, why, at=released.valid_from)


def _released(night: Night, decision: PromotionDecision, tonights: VersionRef | None) -> ReleaseRef:
    version = judged_version(night, decision, tonights)
    if not decision.release or version is None:
        return ReleaseRef(released=False, reason=decision.reason)
    _refuse_another_file(night, decision, version)
    approval = standing_approval(night, decision, version)
    request = _request(night, decision, version, approval)
    try:
        _refuse_frozen(night, request)
        if not approval.granted:
            if is_of_before(night.ledger, approval, decision):
                record_refusal(night, decision, version.version, f"not released: {approval}")
            if not approval.waits and decision.challenger_version:
                at = night.run.as_of + approval.took
                leave_place(night, decision.challenger_version, f"not released: {approval}", at=at)
            return ReleaseRef(
                released=False, reason=f"not released: {approval}", version=version.version
            )
        release = night.ledger.release(request)
    except (FrozenError, StaleReleaseError) as refused:
        night.say(f"not released: {refused}")
        record_refusal(night, decision, version.version, str(refused))
        return ReleaseRef(
            released=False, reason=f"not released: {refused}", version=version.version
        )
    foreign = project_alias(
        night.ledger,
        night.registry,
        model=night.run.model,
        name=night.registered_name,
        actor=night.run.actor,
        how=f"release of version {release.version}",
    )
    night.say(f"version {release.version} is champion from {release.valid_from.isoformat()}")
    log.info("%s: released version %s (%s)", night.run.model, release.version, release.key)
    return ReleaseRef(
        released=True,
        reason=f"{release.reason}; {foreign}" if foreign else release.reason,
        version=release.version,
        release=release.id,
        valid_from=release.valid_from,
    )


def _refuse_another_file(night: Night, decision: PromotionDecision, version: VersionRef) -> None:
    held = night.registry.model_digest(night.registered_name, version.version)
    found = {version.artifact_digest, held}
    if found != {decision.artifact.digest}:
        raise ArtifactError(
            f"version {version.version} of {night.registered_name} holds a file with digest "
            f"{held[:12]}, but the gate judged {decision.artifact.digest[:12]}; nothing was "
            "released, look at who wrote to the registry's artifact store"
        )


def _refuse_frozen(night: Night, request: ReleaseRequest) -> None:
    frozen = why_frozen(night.ledger, night.spec, night.run)
    if frozen and night.ledger.release_by_key(request.key) is None:
        raise FrozenError(f"{night.run.model} is {frozen}")


def _request(
    night: Night, decision: PromotionDecision, version: VersionRef, approval: ApprovalRef
) -> ReleaseRequest:
    run = night.run
    approver = approval.actor if approval.answer == "approve" else None
    return ReleaseRequest(
        key=night.key("release", decision.artifact.digest),
        model=run.model,
        timeline=run.timeline,
        kind="release",
        version=version.version,
        artifact=decision.artifact,
        predecessor=decision.champion_release or 0,
        as_of=run.as_of,
        valid_from=run.as_of + approval.took,
        actor=approver or run.actor,
        reason=f"{decision.reason}; {approval}" if approval.needed else decision.reason,
        decision_key=decision.key,
    )
