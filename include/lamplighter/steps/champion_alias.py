"""The alias `champion` in the registry: a projection of the ledger, for outsiders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lamplighter.contracts import Actor
from lamplighter.ledger import Ledger, Release
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.steps.alias_incidents import close_alias_incidents, open_alias_incident

ALIAS = "champion"


@dataclass(frozen=True)
class AliasState:
    """Where the alias points, and where the ledger says it should.

    `on_the_way` is where it may still be while releases are not complete: at the champion of the
    last complete one, or at one since. It is empty once the newest release is complete.
    """

    points_to: str | None
    head: Release | None
    on_the_way: frozenset[str | None] = frozenset()

    @property
    def expected(self) -> str | None:
        """The version that the ledger says is champion."""
        return self.head.version if self.head else None

    @property
    def right(self) -> bool:
        """Whether the alias agrees with the ledger."""
        return self.points_to == self.expected

    @property
    def foreign(self) -> bool:
        """Whether somebody other than Lamplighter moved it.

        An alias that is still on the way is only late: the task that should have moved it was
        killed between the ledger and the alias, or is about to move it.
        """
        return not self.right and self.points_to not in self.on_the_way

    def __str__(self) -> str:
        return (
            f"alias {ALIAS!r} points to version {self.points_to or 'none'}, the ledger says "
            f"{self.expected or 'none'}"
        )


def alias_state(ledger: Ledger, registry: Registry, *, model: str, name: str) -> AliasState:
    """Compare the alias of registered model `name` with the ledger's champion of `model`."""
    while True:
        releases = ledger.releases(model)
        head = releases[-1] if releases else None
        points_to = registry.alias(name, ALIAS)
        state = AliasState(points_to, head)
        if state.right:
            return state
        state = replace(state, on_the_way=_on_the_way(registry, name, releases))
        # Two stores cannot be read at one instant: a release in between is not a stranger's move.
        if ledger.champion(model) == head:
            return state


def _on_the_way(
    registry: Registry, name: str, releases: Sequence[Release]
) -> frozenset[str | None]:
    places: list[str] = []
    for release in reversed(releases):
        complete = registry.released_as(name, release.version) == release.id
        if complete and not places:
            return frozenset()
        places.append(release.version)
        if complete:
            return frozenset(places)
    return frozenset((*places, None))


def project_alias(
    ledger: Ledger, registry: Registry, *, model: str, name: str, actor: Actor, how: str
) -> str | None:
    """Move the alias to the ledger's champion, unless a stranger moved it.

    A stranger's move becomes an incident in the ledger; it ends when the alias is right.

    Parameters
    ----------
    actor : Actor
        Whose act this is.
    how : str
        The act in words: by this an incident ended.

    Returns
    -------
    str or None
        A sentence about the stranger's move, which is left as it is for
        ``lamplighter doctor``; None when the alias is right now.
    """
    state = alias_state(ledger, registry, model=model, name=name)
    if state.foreign:
        note_alias(ledger, state, model=model, name=name, actor=actor)
        return (
            f"{state}: somebody else moved it, so it was left alone; "
            "run 'lamplighter doctor --restore' or 'lamplighter doctor --adopt'"
        )
    while not state.right and state.expected is not None:
        registry.set_alias(name, ALIAS, state.expected)
        # Somebody may have released another one meanwhile; then the alias goes on to that.
        state = alias_state(ledger, registry, model=model, name=name)
    if state.head is not None:
        note_projection(registry, name, state.head)
    close_alias_incidents(ledger, model=model, how=how, actor=actor)
    return None


def note_alias(ledger: Ledger, state: AliasState, *, model: str, name: str, actor: Actor) -> None:
    """Write what was found of the alias into the ledger, without touching the alias."""
    if state.foreign:
        open_alias_incident(
            ledger,
            model=model,
            name=name,
            points_to=state.points_to,
            expected=state.expected,
            actor=actor,
        )
    elif state.right:
        how = f"found to name the ledger's champion, version {state.expected or 'none'}, again"
        close_alias_incidents(ledger, model=model, how=how, actor=actor)


def note_projection(registry: Registry, name: str, release: Release) -> None:
    """Note on a release's version that the alias came to it.

    From then on an alias that points elsewhere was moved by somebody, also if it is back at the
    champion before.
    """
    if (registry.released_as(name, release.version) or 0) < release.id:
        registry.mark_released(name, release.version, release.id)
