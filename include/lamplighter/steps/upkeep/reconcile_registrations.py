"""Duty reconcile: complete what a killed task left half done in the registry.

Only what is provably ours is touched. An alias that a stranger moved is reported and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from lamplighter.contracts import Upkeep
from lamplighter.errors import LamplighterError
from lamplighter.ledger import VersionIntent
from lamplighter.steps.act_of_person import registered_name
from lamplighter.steps.champion_alias import alias_state, note_alias, project_alias
from lamplighter.steps.known_defects import defects_shown, show_defects
from lamplighter.steps.night import Stores
from lamplighter.steps.upkeep.round import Round

_IN_HAND_HOURS = 1
"""What began less than this long ago may still be at work: it is left alone."""


@dataclass
class _Book:
    done: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)


def reconcile_registrations(task: Round) -> Upkeep:
    """Complete registrations and releases that were cut short; report what cannot be completed.

    A registration whose version lies whole in MLflow is written into the ledger. One that never
    got that far is reported: clearing its night's `register_model` completes it. Twins that lost
    are discarded. A release whose alias was not moved yet gets it moved. MLflow
    is brought to show the known defects that the ledger has.
    """
    book, young = _Book(), task.before(hours=_IN_HAND_HOURS)
    for model in task.stores.ledger.models():
        for part in (_registrations, _twins, _alias, _defects):
            try:
                part(task, model, young, book)
            except LamplighterError as error:
                book.found.append(f"{model}: {error}")
    return task.report("reconcile_registrations", done=book.done, found=book.found)


def _registrations(task: Round, model: str, young: datetime, book: _Book) -> None:
    for intent in _abandoned(task.stores, model, young):
        name = str(intent.details.get("registered_name", model))
        when = f"the registration of {model} as of {intent.as_of:%Y-%m-%d %H:%M %Z}"
        if all(v.key != intent.key for v in task.stores.registry.versions(name)):
            book.found.append(
                f"{when} was begun and not finished, and MLflow holds no version of it; clear the "
                "task register_model of that night, or run it again: it completes it"
            )
            continue
        if not task.dry_run:
            finished = task.stores.registry.finish_registration(
                name, key=intent.key, artifact_digest=intent.artifact.digest
            )
            if finished is None:
                continue  # whoever deleted it meanwhile knows why
            task.stores.ledger.record_version(
                intent.key, version=finished.version, mlflow_run_id=finished.run_id
            )
        book.done.append(f"completed {when}, which was cut short before the ledger knew of it")


def _abandoned(stores: Stores, model: str, young: datetime) -> Iterator[VersionIntent]:
    for intent in stores.ledger.unfinished_intents(model):
        if intent.recorded_at < young:
            yield intent


def _twins(task: Round, model: str, young: datetime, book: _Book) -> None:
    stores, name = task.stores, registered_name(task.stores, model)
    created = {v.version: v.created_at for v in stores.registry.versions(name)}
    for key, (first, *others) in stores.registry.twins(name).items():
        recorded = stores.ledger.version_by_key(key)
        for version in others:
            if recorded is None or recorded.version != first or created[version] >= young:
                continue
            if stores.registry.alias(name, "champion") == version:
                continue  # the alias is looked at below
            if not task.dry_run:
                stores.registry.discard_version(name, version)
            book.done.append(
                f"discarded version {version} of {name}, a twin of version {first} whose "
                "registration was cut short"
            )


def _alias(task: Round, model: str, young: datetime, book: _Book) -> None:
    stores, name = task.stores, registered_name(task.stores, model)
    head = stores.ledger.champion(model)
    if head is None or head.recorded_at >= young:
        return
    state = alias_state(stores.ledger, stores.registry, model=model, name=name)
    if not task.dry_run:
        note_alias(stores.ledger, state, model=model, name=name, actor=task.actor)
    if state.right:
        return
    if state.foreign:
        book.found.append(
            f"{model}: {state}: somebody else moved it, so it was left alone; run 'lamplighter "
            f"doctor --restore {model}' or 'lamplighter doctor --adopt {model}'"
        )
        return
    if not task.dry_run:
        project_alias(
            stores.ledger,
            stores.registry,
            model=model,
            name=name,
            actor=task.actor,
            how=f"upkeep moved the alias to version {head.version}",
        )
    book.done.append(
        f"moved the alias of {name} to version {head.version}, whose release was cut short"
    )


def _defects(task: Round, model: str, young: datetime, book: _Book) -> None:
    stores = task.stores
    for number in sorted({defect.version for defect in stores.ledger.defects(model)}):
        version = stores.ledger.version(model, number)
        if version is None or defects_shown(stores.ledger, stores.registry, version):
            continue
        if not task.dry_run:
            show_defects(stores.ledger, stores.registry, version)
        book.done.append(f"let MLflow show the known defects of version {number} of {model}")
