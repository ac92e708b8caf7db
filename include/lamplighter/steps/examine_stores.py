"""What `lamplighter doctor` looks at first: stores that answer and agree with the ledger."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.contracts import Actor
from lamplighter.errors import LedgerError
from lamplighter.ledger import Ledger, Release
from lamplighter.steps.act_of_person import registered_digests, registered_name
from lamplighter.steps.champion_alias import alias_state, note_alias
from lamplighter.steps.doctor.finding import Finding, Level, asked
from lamplighter.steps.golden_rows import compare_golden
from lamplighter.steps.load_model import load_model
from lamplighter.steps.night import Stores


def examine_stores(
    stores: Stores, models: list[str] | None = None, *, actor: Actor | None = None
) -> list[Finding]:
    """Look at the stores and at every model, or at some.

    With an actor, who looks, an alias that a stranger moved becomes an incident in the ledger.

    Checks: the registry answers; the ledger's champion can be read, is the file that was judged,
    loads, and scores its golden rows as it did; the registry holds the same file; the alias
    agrees; no registration is half done or doubled; what is frozen.
    """
    findings = [
        Finding("ledger", "ok", f"{stores.ledger.name} answers, schema {stores.ledger.schema}"),
        asked("registry", None, lambda: _answers(stores)),
    ]
    known = stores.ledger.models()
    for model in models or known:
        if model not in known:
            said = f"{model} is not in the ledger; it knows {', '.join(known) or 'no model'}"
            findings.append(Finding("model", "wrong", said, model))
            continue
        findings.extend(_examine_model(stores, model, actor))
    return findings


def _answers(stores: Stores) -> tuple[Level, str]:
    stores.registry.ping()
    return "ok", f"{stores.registry.address} answers"


def _examine_model(stores: Stores, model: str, actor: Actor | None) -> Iterator[Finding]:
    champion = stores.ledger.champion(model)
    yield asked("champion", model, lambda: _champion_scores(stores, champion))
    if champion is not None:
        yield asked("registered file", model, lambda: _same_file(stores, model, champion))
    yield asked("alias", model, lambda: _alias_agrees(stores, model, actor))
    yield asked("registrations", model, lambda: _nothing_half_done(stores.ledger, model))
    yield asked("versions", model, lambda: _nothing_doubled(stores, model))
    for freeze in stores.ledger.standing_freezes(model):
        said = f"{freeze}; nights judge and release nothing"
        yield Finding("freeze", "note", said, model)


def _champion_scores(stores: Stores, champion: Release | None) -> tuple[Level, str]:
    if champion is None:
        return "ok", "no champion yet"
    scorer = load_model(stores, champion.artifact)
    loads = f"version {champion.version} loads and is the file that was judged"
    version = stores.ledger.version(champion.model, champion.version)
    if version is None:
        raise LedgerError(
            f"version {champion.version} is champion, and the ledger does not hold it; restore the "
            "ledger from a backup"
        )
    golden = compare_golden(stores, version, scorer)
    return ("ok", f"{loads}; {golden.message}") if golden.right else ("wrong", golden.message)


def _same_file(stores: Stores, model: str, champion: Release) -> tuple[Level, str]:
    version = stores.ledger.version(model, champion.version)
    assert version is not None
    held, expected = registered_digests(stores, registered_name(stores, model), version)
    if held == expected:
        return "ok", f"the registry holds the same file ({held[:12]})"
    return "wrong", (
        f"the registry's file of version {champion.version} has digest {held[:12]}, the ledger "
        f"says {expected[:12]}; outsiders are served another model: find out who "
        "wrote to the registry's artifact store, and promote a version that is whole"
    )


def _alias_agrees(stores: Stores, model: str, actor: Actor | None) -> tuple[Level, str]:
    name = registered_name(stores, model)
    state = alias_state(stores.ledger, stores.registry, model=model, name=name)
    if actor is not None:
        note_alias(stores.ledger, state, model=model, name=name, actor=actor)
    if state.right:
        return "ok", f"alias 'champion' names version {state.expected or 'none'}, as the ledger"
    remedy = "somebody else moved it; " if state.foreign else "a release was cut short; "
    return "wrong", (
        f"{state}: {remedy}'lamplighter doctor --restore {model}' follows the ledger, "
        f"'lamplighter doctor --adopt {model}' the alias"
    )


def _nothing_half_done(ledger: Ledger, model: str) -> tuple[Level, str]:
    open_intents = ledger.unfinished_intents(model)
    if not open_intents:
        return "ok", "every registration that was begun is finished"
    days = ", ".join(f"{intent.as_of:%Y-%m-%d}" for intent in open_intents)
    return "wrong", (
        f"{len(open_intents)} registration(s) were begun and not finished (as of {days}); clear "
        "the task register_model of that night, or run it again: it completes them"
    )


def _nothing_doubled(stores: Stores, model: str) -> tuple[Level, str]:
    name = registered_name(stores, model)
    twins = stores.registry.twins(name)
    if twins:
        extra = ", ".join(version for versions in twins.values() for version in versions[1:])
        return "wrong", (
            f"the registry holds version(s) {extra} of {name}, which stand for models that have a "
            "lower version already; 'lamplighter maintain' discards those whose twin the ledger "
            "knows, delete others in MLflow"
        )
    known = {version.version for version in stores.ledger.versions(model)}
    strange = [v.version for v in stores.registry.versions(name) if v.version not in known]
    if strange:
        return "note", (
            f"the registry holds version(s) {', '.join(strange)} of {name} that the ledger does "
            "not know: somebody else registered them, a night is at it, or the ledger was restored"
        )
    return "ok", "no model was registered twice"
