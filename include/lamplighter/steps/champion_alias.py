"""The alias `champion` in the registry: a projection of the ledger, for outsiders."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.ledger import Ledger
from lamplighter.registry.mlflow_registry import Registry

ALIAS = "champion"


@dataclass(frozen=True)
class AliasState:
    """Where the alias points, and where the ledger says it should."""

    points_to: str | None
    expected: str | None
    before: str | None
    projected: bool = False
    """Whether the alias was at the ledger's champion once, so that its release is complete."""

    @property
    def right(self) -> bool:
        """Whether the alias agrees with the ledger."""
        return self.points_to == self.expected

    @property
    def foreign(self) -> bool:
        """Whether somebody other than Lamplighter moved it.

        An alias that still points to the champion before, or to none if there was none, is only
        late: the task that should have moved it was killed between the ledger and the alias.
        """
        return not self.right and (self.projected or self.points_to not in (self.before, None))

    def __str__(self) -> str:
        return (
            f"alias {ALIAS!r} points to version {self.points_to or 'none'}, the ledger says "
            f"{self.expected or 'none'}"
        )


def alias_state(ledger: Ledger, registry: Registry, *, model: str, name: str) -> AliasState:
    """Compare the alias of registered model `name` with the ledger's champion of `model`."""
    releases = ledger.releases(model)
    head = releases[-1].version if releases else None
    before = releases[-2].version if len(releases) > 1 else None
    points_to = registry.alias(name, ALIAS)
    projected = (
        bool(releases)
        and points_to != head
        and registry.released_as(name, releases[-1].version) == releases[-1].id
    )
    return AliasState(points_to=points_to, expected=head, before=before, projected=projected)


def project_alias(ledger: Ledger, registry: Registry, *, model: str, name: str) -> str | None:
    """Move the alias to the ledger's champion, unless a stranger moved it.

    Returns
    -------
    str or None
        A sentence about the stranger's move, which is left as it is for
        ``lamplighter doctor``; None when the alias is right now.
    """
    state = alias_state(ledger, registry, model=model, name=name)
    if state.foreign:
        return (
            f"{state}: somebody else moved it, so it was left alone; "
            "run 'lamplighter doctor --restore' or 'lamplighter doctor --adopt'"
        )
    while not state.right and state.expected is not None:
        registry.set_alias(name, ALIAS, state.expected)
        # Somebody may have released another one meanwhile; then the alias goes on to that.
        state = alias_state(ledger, registry, model=model, name=name)
    note_projection(ledger, registry, model=model, name=name)
    return None


def note_projection(ledger: Ledger, registry: Registry, *, model: str, name: str) -> None:
    """Note on the champion's version that the alias came to it, for its present release.

    From then on an alias that points elsewhere was moved by somebody, also if it is back at the
    champion before.
    """
    head = ledger.champion(model)
    if head is not None and registry.released_as(name, head.version) != head.id:
        registry.mark_released(name, head.version, head.id)
