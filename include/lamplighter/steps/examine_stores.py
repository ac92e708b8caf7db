"""What `lamplighter doctor` looks at: stores that answer and agree with the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lamplighter.errors import LamplighterError
from lamplighter.ledger import Ledger, Release
from lamplighter.steps.act_of_person import registered_name
from lamplighter.steps.champion_alias import alias_state
from lamplighter.steps.night import Stores
from lamplighter.training.predictor import Predictor


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what was found."""

    check: str
    right: bool
    message: str
    model: str | None = None


def examine_stores(stores: Stores, models: list[str] | None = None) -> list[Finding]:
    """Look at the stores and at every model, or at some.

    Checks: the registry answers; the ledger's champion can be read, is the file that was judged,
    and loads; the registry holds the same file; the alias agrees; no registration is half done
    or doubled.
    """
    findings = [
        Finding("ledger", True, f"{stores.ledger.name} answers"),
        _asked("registry", None, lambda: _answers(stores)),
    ]
    known = stores.ledger.models()
    for model in models or known:
        if model not in known:
            said = f"{model} is not in the ledger; it knows {', '.join(known) or 'no model'}"
            findings.append(Finding("model", False, said, model))
            continue
        findings.extend(_examine_model(stores, model))
    return findings


def _answers(stores: Stores) -> tuple[bool, str]:
    stores.registry.ping()
    return True, f"{stores.registry.address} answers"


def _examine_model(stores: Stores, model: str) -> Iterator[Finding]:
    champion = stores.ledger.champion(model)
    yield _asked("champion", model, lambda: _champion_loads(stores, champion))
    if champion is not None:
        yield _asked("registered file", model, lambda: _same_file(stores, model, champion))
    yield _asked("alias", model, lambda: _alias_agrees(stores, model))
    yield _asked("registrations", model, lambda: _nothing_half_done(stores.ledger, model))
    yield _asked("versions", model, lambda: _nothing_doubled(stores, model))
    for freeze in stores.ledger.standing_freezes(model):
        said = f"{freeze}; nights judge and release nothing"
        yield Finding("freeze", True, said, model)


def _champion_loads(stores: Stores, champion: Release | None) -> tuple[bool, str]:
    if champion is None:
        return True, "no champion yet"
    Predictor.from_bytes(stores.artifacts.read(champion.artifact))
    return True, f"version {champion.version} loads and is the file that was judged"


def _same_file(stores: Stores, model: str, champion: Release) -> tuple[bool, str]:
    held = stores.registry.model_digest(registered_name(stores, model), champion.version)
    if held == champion.artifact.digest:
        return True, f"the registry holds the same file ({held[:12]})"
    return False, (
        f"the registry's file of version {champion.version} has digest {held[:12]}, the ledger "
        f"says {champion.artifact.digest[:12]}; outsiders are served another model: find out who "
        "wrote to the registry's artifact store, and promote a version that is whole"
    )


def _alias_agrees(stores: Stores, model: str) -> tuple[bool, str]:
    state = alias_state(
        stores.ledger, stores.registry, model=model, name=registered_name(stores, model)
    )
    if state.right:
        return True, f"alias 'champion' names version {state.expected or 'none'}, as the ledger"
    remedy = "somebody else moved it; " if state.foreign else "a release was cut short; "
    return False, (
        f"{state}: {remedy}'lamplighter doctor --restore {model}' follows the ledger, "
        f"'lamplighter doctor --adopt {model}' the alias"
    )


def _nothing_half_done(ledger: Ledger, model: str) -> tuple[bool, str]:
    open_intents = ledger.unfinished_intents(model)
    if not open_intents:
        return True, "every registration that was begun is finished"
    days = ", ".join(f"{intent.as_of:%Y-%m-%d}" for intent in open_intents)
    return False, (
        f"{len(open_intents)} registration(s) were begun and not finished (as of {days}); clear "
        "the task register_model of that night, or run it again: it completes them"
    )


def _nothing_doubled(stores: Stores, model: str) -> tuple[bool, str]:
    name = registered_name(stores, model)
    twins = stores.registry.twins(name)
    if not twins:
        return True, "no model was registered twice"
    extra = ", ".join(version for versions in twins.values() for version in versions[1:])
    return False, (
        f"the registry holds version(s) {extra} of {name}, which stand for models that have a "
        "lower version already; delete them in MLflow"
    )


def _asked(check: str, model: str | None, question: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        right, message = question()
    except LamplighterError as error:
        right, message = False, str(error)
    return Finding(check, right, message, model)
