"""Known defects of versions: a person's acts, in the ledger first and then shown in MLflow."""

from __future__ import annotations

from lamplighter.contracts import Actor
from lamplighter.errors import LamplighterError
from lamplighter.ledger import Defect, Ledger
from lamplighter.ledger.records import Version
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.steps.known_version import known_version

_LONGEST_TAG = 4_000  # MLflow takes 5,000 characters


def report_defect(
    ledger: Ledger, registry: Registry, model: str, version: str, description: str, *, actor: Actor
) -> tuple[Defect, str | None]:
    """Write down what is wrong with a version.

    Returns
    -------
    defect : Defect
        The ledger's line; the one that stands already, if it was reported in the same words.
    warning : str or None
        Why MLflow does not show it yet.

    Raises
    ------
    UsageError
        If there is no such version, or no words are given.
    """
    known = known_version(ledger, model, version)
    defect = ledger.report_defect(model, version, description, actor=actor)
    return defect, _try_to_show(ledger, registry, known)


def mend_defect(
    ledger: Ledger, registry: Registry, model: str, number: int, *, reason: str, actor: Actor
) -> tuple[Defect, str | None]:
    """Write down that a defect is one no longer, and why. Returns as `report_defect`.

    Raises
    ------
    UsageError
        If the model has no defect of this number, or no reason is given.
    """
    defect = ledger.mend_defect(model, number, reason=reason, actor=actor)
    return defect, _try_to_show(ledger, registry, known_version(ledger, model, defect.version))


def show_defects(ledger: Ledger, registry: Registry, version: Version) -> None:
    """Let the version in MLflow say what the ledger knows to be wrong with it."""
    registry.note_defects(_name(version), version.version, _shown(ledger, version))


def defects_shown(ledger: Ledger, registry: Registry, version: Version) -> bool:
    """Say whether MLflow shows what the ledger knows to be wrong with a version."""
    return registry.noted_defects(_name(version), version.version) == _shown(ledger, version)


def standing_defects(ledger: Ledger, model: str, version: str) -> list[Defect]:
    """Return the known defects of a version that nobody mended."""
    return [defect for defect in ledger.defects(model, version) if defect.standing]


def defects_warning(ledger: Ledger, model: str, version: str) -> str | None:
    """Return a sentence about a version's known defects; None if it has none.

    Examples
    --------
    >>> import tempfile
    >>> book = Ledger.open(f"sqlite:///{tempfile.mkdtemp()}/ledger.db")
    >>> defects_warning(book, "flights", "7") is None
    True
    >>> ada = Actor(name="ada", kind="os_user")
    >>> _ = book.report_defect("flights", "7", "too sure of itself in storms", actor=ada)
    >>> defects_warning(book, "flights", "7")
    'version 7 has a known defect: too sure of itself in storms'
    """
    standing = standing_defects(ledger, model, version)
    if not standing:
        return None
    noun = "a known defect" if len(standing) == 1 else f"{len(standing)} known defects"
    return f"version {version} has {noun}: {'; '.join(d.description for d in standing)}"


def _try_to_show(ledger: Ledger, registry: Registry, version: Version) -> str | None:
    try:
        show_defects(ledger, registry, version)
    except LamplighterError as error:
        return f"it is in the ledger; MLflow shows it after 'lamplighter maintain': {error}"
    return None


def _name(version: Version) -> str:
    return str(version.details.get("registered_name", version.model))


def _shown(ledger: Ledger, version: Version) -> str:
    standing = standing_defects(ledger, version.model, version.version)
    return "; ".join(f"{defect.id}: {defect.description}" for defect in standing)[:_LONGEST_TAG]
