"""What a changed spec changes before it is applied: DAGs, tasks, thresholds, data, the champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lamplighter.spec import ModelSpec
from lamplighter.steps.plan_meanings import Known, meanings_of, next_times
from lamplighter.steps.spec_changes import (
    Change,
    Document,
    differences,
    other_target,
    why_forbidden,
    with_defaults,
)

DAGS = ("train", "score", "evaluate")


@dataclass(frozen=True)
class Plan:
    """What differs, what that means, and what forbids it.

    Attributes
    ----------
    changes : list of Change
        Key by key; empty for a new model too.
    meanings : list of str
        One sentence per effect.
    forbidden : list of str
        Why a night with this spec would be refused; empty if it would not.
    """

    model: str
    changes: list[Change]
    meanings: list[str]
    forbidden: list[str]


def plan_spec(spec: ModelSpec, known: Known) -> Plan:
    """Compare a spec with what ran last, and say what would be different. Changes nothing."""
    if known.spec is None:
        return Plan(spec.model, [], list(_new_model(spec, known)), [])
    old, new = known.spec, spec.document()
    changes = differences(old, new)
    if not changes:
        return Plan(spec.model, [], [], [])
    ingested = {name for name, until in known.ingested.items() if until is not None}
    forbidden = [*why_forbidden(old, new, sorted(ingested)), *_renamed_in_registry(changes, known)]
    meanings = [*_retargeted(old, new, known), *meanings_of(changes, spec, known)]
    return Plan(spec.model, changes, list(dict.fromkeys(meanings)), forbidden)


def _new_model(spec: ModelSpec, known: Known) -> Iterator[str]:
    *others, last = (f"{spec.model}__{process}" for process in DAGS)
    yield f"{spec.model} is new: the DAGs {', '.join(others)} and {last} appear at the next parse"
    yield f"its first night ingests {', '.join(spec.data.tables)} from the beginning"
    yield next_times(spec, known.now)
    for name, document in known.others.items():
        if _alike(with_defaults(document), spec.document()):
            yield (
                f"it reads and predicts the same as {name}: if that was renamed, {name} keeps its "
                f"history, its tables and its champion, and {spec.model} begins without any; "
                "docs/spec-life.md says how to take the champion over"
            )


def _alike(old: Document, new: Document) -> bool:
    before, after = (
        [table["source"] for table in document["data"]["tables"].values()]
        for document in (old, new)
    )
    return all(source in before for source in after) and not other_target(old, new)


def _retargeted(old: Document, new: Document, known: Known) -> Iterator[str]:
    said = other_target(old, new)
    if said and known.champion is not None:
        yield (
            f"it predicted {said}. Champion version {known.champion} goes on with the former: "
            "no night compares with it, the verdict is inconclusive, and a person makes the first "
            "model of the new target champion, by 'lamplighter promote'. Until then scoring goes "
            "on with the old one, and predictions carry its version"
        )
    elif said:
        yield f"it predicted {said}; there is no champion yet that predicts the former"


def _renamed_in_registry(changes: Sequence[Change], known: Known) -> list[str]:
    if known.champion is None:
        return []
    return [
        f"release.registered_name was {c.old or 'not set'} and is now {c.new or 'not set'}, but "
        "versions are registered under the former; keep it, or give the model a new name"
        for c in changes
        if c.key == "release.registered_name"
    ]
