"""A step of a replayed night that depends on the night alone is done once for all policies."""

from __future__ import annotations

import json
from collections.abc import Callable

from lamplighter.contracts import Contract
from lamplighter.steps.night import Night


def once[Outcome: Contract](
    night: Night, step: str, content: str, kind: type[Outcome], work: Callable[[], Outcome]
) -> Outcome:
    """Do a step; in a replay, read back what it came to where any timeline has done it.

    Parameters
    ----------
    content : str
        Digest of what goes in besides the spec and the times. Of the gate's section all counts
        but its mode: the examples hold the columns that are only judged by.
    """
    if not night.stores.replayed:
        return work()
    gate = json.dumps(night.spec.gate.model_dump(mode="json", exclude={"mode"}), sort_keys=True)
    key = f"{night.work_key(f'{step}-outcome', content, gate)}.json"
    stored = night.artifacts.find(key)
    if stored is not None:
        return kind.model_validate_json(night.artifacts.read(stored))
    outcome = work()
    night.artifacts.write(key, outcome.model_dump_json().encode())
    return outcome
