"""Acts of a person on the champion: promote a version, roll back."""

from __future__ import annotations

from datetime import datetime

from lamplighter.contracts import Actor
from lamplighter.errors import ArtifactError, FrozenError, LedgerError, UsageError
from lamplighter.ledger import Release, ReleaseRequest
from lamplighter.ledger.records import ReleaseKind, Version
from lamplighter.steps.alias_incidents import close_alias_incidents
from lamplighter.steps.champion_alias import ALIAS, note_projection, project_alias
from lamplighter.steps.freeze_window import freeze_window_of
from lamplighter.steps.known_defects import defects_warning
from lamplighter.steps.known_version import known_version
from lamplighter.steps.night import Stores


def promote_version(
    stores: Stores, model: str, version: str, *, reason: str, actor: Actor
) -> tuple[Release, str | None]:
    """Make a registered version champion, from now on the data's clock.

    Returns
    -------
    release : Release
        The ledger's line; the one that stands already, if the version is champion now.
    warning : str or None
        What to know of it: an alias that a stranger moved, known defects of the version.

    Raises
    ------
    UsageError
        If there is no such version, or no reason is given.
    FrozenError
        If the model is frozen.
    ArtifactError
        If the version's file is missing or is not the one that was judged.
    """
    return _act(
        stores, model, known_version(stores.ledger, model, version), "promote", reason, actor
    )


def roll_back(
    stores: Stores, model: str, *, reason: str, actor: Actor, even_if_frozen: bool = False
) -> tuple[Release, str | None]:
    """Make the champion before the present one champion again. Arguments as `promote_version`.

    A rollback may be an emergency, so it alone may pass a freeze, if asked to.
    """
    releases = stores.ledger.releases(model)
    if not releases:
        raise UsageError(f"{model} has never had a champion, so there is nothing to roll back")
    standing = _standing(releases)
    if len(standing) < 2:
        raise UsageError(
            f"version {standing[-1]} is the first champion of {model} that was not rolled back; "
            "there is none before it to roll back to"
        )
    before = standing[-2]
    version = known_version(stores.ledger, model, before)
    return _act(stores, model, version, "rollback", reason, actor, even_if_frozen=even_if_frozen)


def _standing(releases: list[Release]) -> list[str]:
    """Return the versions that were champion and not rolled back, the present one last.

    So a second rollback goes further back, not forward again to what the first one left.
    """
    standing: list[str] = []
    for release in releases:
        if release.kind == "rollback" and release.version in standing:
            while standing[-1] != release.version:
                standing.pop()
        elif not standing or standing[-1] != release.version:
            standing.append(release.version)
    return standing


def refuse_frozen_adoption(stores: Stores, model: str, at: datetime) -> None:
    """Raise FrozenError, before anything is written, if nothing may become champion now."""
    _refuse_if_frozen(stores, model, "adopt", at)


def adopt_known(
    stores: Stores, version: Version, *, reason: str, actor: Actor
) -> tuple[Release, str | None]:
    """Make a version that the ledger knows champion by adoption. Returns as `promote_version`."""
    return _act(stores, version.model, version, "adopt", reason, actor)


def _act(
    stores: Stores,
    model: str,
    version: Version,
    kind: ReleaseKind,
    reason: str,
    actor: Actor,
    *,
    even_if_frozen: bool = False,
) -> tuple[Release, str | None]:
    if not reason.strip():
        raise UsageError("a reason is needed; it stands in the ledger for good")
    name = version.details.get("registered_name", model)
    _check_file(stores, name, version)
    head = stores.ledger.champion(model)
    if head is None or head.version != version.version:
        at = max(_clock(stores, version), version.as_of)
        if not even_if_frozen:
            _refuse_if_frozen(stores, model, kind, at)
        head = stores.ledger.release(
            ReleaseRequest(
                key=f"{model}/{kind}/{version.version}/after-{head.id if head else 0}",
                model=model,
                kind=kind,
                version=version.version,
                artifact=version.artifact,
                predecessor=head.id if head else 0,
                as_of=at,
                valid_from=at,
                actor=actor,
                reason=reason,
                even_if_frozen=even_if_frozen,
            )
        )
    foreign = project_alias(
        stores.ledger,
        stores.registry,
        model=model,
        name=name,
        actor=actor,
        how=f"{kind} of version {version.version}: {reason}",
    )
    warnings = [foreign, defects_warning(stores.ledger, model, version.version)]
    return head, "; ".join(filter(None, warnings)) or None


def _clock(stores: Stores, version: Version) -> datetime:
    try:
        return stores.ledger.data_clock(version.model)
    except LedgerError:  # it never ran: an adopted version is the first thing known of the model
        return version.as_of


def _refuse_if_frozen(stores: Stores, model: str, kind: ReleaseKind, at: datetime) -> None:
    # The ledger refuses too. Here it is said what one can do about it.
    freezes = [str(act) for act in stores.ledger.standing_freezes(model)]
    remedy = f"lift it with 'lamplighter unfreeze {model}' (or --all)"
    if not freezes and (window := freeze_window_of(stores.ledger, model, at)):
        freezes, remedy = [window], "take the window out of the spec and run a night"
    if freezes:
        if kind == "rollback":
            remedy += ", or in an emergency roll back with --even-if-frozen"
        raise FrozenError(f"{model} is {' and '.join(freezes)}; nothing was changed, {remedy}")


def _check_file(stores: Stores, name: str, version: Version) -> None:
    # Both are asked before the ledger commits: an act is whole, or there is none.
    stores.artifacts.read(version.artifact)
    held, expected = registered_digests(stores, name, version)
    if held != expected:
        raise ArtifactError(
            f"version {version.version} of {name} holds a file with digest {held[:12]}, but "
            f"{expected[:12]} was judged; nothing was changed"
        )


def registered_digests(stores: Stores, name: str, version: Version) -> tuple[str, str]:
    """Return the digest of what the registry holds of a version, and of what it should hold."""
    adopted = version.details.get("adopted_digest")
    if adopted is None:
        return stores.registry.model_digest(name, version.version), version.artifact.digest
    return stores.registry.model_files(name, version.version)[1], adopted


def adopt_alias(
    stores: Stores, model: str, *, reason: str, actor: Actor
) -> tuple[Release, str | None]:
    """Make the version to which a stranger moved the alias champion in the ledger too."""
    name = registered_name(stores, model)
    pointed = stores.registry.alias(name, "champion")
    if pointed is None:
        raise LedgerError(f"the alias 'champion' of {name} names no version; nothing to adopt")
    return _act(stores, model, known_version(stores.ledger, model, pointed), "adopt", reason, actor)


def restore_alias(stores: Stores, model: str, *, actor: Actor | None = None) -> str:
    """Move the alias back to the ledger's champion. Returns the version.

    With an actor, who answers for it, the incidents of the alias end by this.
    """
    head = stores.ledger.champion(model)
    if head is None:
        raise LedgerError(f"{model} has no champion in the ledger; nothing to restore")
    name = registered_name(stores, model)
    stores.registry.set_alias(name, ALIAS, head.version)
    note_projection(stores.registry, name, head)
    if actor is not None:
        how = f"restored: the alias names version {head.version} again"
        close_alias_incidents(stores.ledger, model=model, how=how, actor=actor)
    return head.version


def registered_name(stores: Stores, model: str) -> str:
    """Return the name under which the model's newest version was registered."""
    versions = stores.ledger.versions(model)
    return str(versions[-1].details.get("registered_name", model)) if versions else model
