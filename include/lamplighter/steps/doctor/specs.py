"""Specs: each one loads, and each model of the ledger has one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lamplighter.errors import SpecError
from lamplighter.ledger import Ledger
from lamplighter.spec import ModelSpec, load_spec, spec_paths
from lamplighter.steps.doctor.finding import Finding


@dataclass(frozen=True)
class Specs:
    """The specs of a folder that load, and what is wrong with the others."""

    folder: Path | None
    sound: dict[str, ModelSpec] = field(default_factory=dict)
    broken: list[Finding] = field(default_factory=list)


def read_specs(folder: Path | None) -> Specs:
    """Load every spec of a folder."""
    found = Specs(folder)
    for path in spec_paths(folder) if folder else ():
        try:
            spec = load_spec(path)
        except SpecError as error:
            found.broken.append(Finding("spec", "wrong", str(error)))
            continue
        if spec.model in found.sound:
            said = f"{path.name} declares the model {spec.model!r}, as another file does already"
            found.broken.append(Finding("spec", "wrong", said, spec.model))
        found.sound.setdefault(spec.model, spec)
    return found


def examine_specs(specs: Specs, ledger: Ledger) -> Iterator[Finding]:
    """Say which specs do not load, and where ledger and specs do not know the same models."""
    if specs.folder is None:
        said = "no folder of specs was looked at; LAMPLIGHTER_MODELS names it"
        yield Finding("specs", "note", said)
        return
    yield Finding("specs", "ok", f"{len(specs.sound)} specs of {specs.folder} load")
    yield from specs.broken
    known = ledger.models()
    for model in known:
        if model not in specs.sound and not specs.broken:
            yield Finding("spec", "note", _orphan(specs.folder, model), model)
    for model in specs.sound:
        if model not in known:
            yield Finding("nights", "note", "has a spec and never had a night", model)


def _orphan(folder: Path, model: str) -> str:
    return (
        f"the ledger knows {model}, and no spec of {folder} declares it; nothing trains or scores "
        "it any more, its champion and its history stay. Put the spec back to go on"
    )
