"""The model card of a registered version, with what the ledger has learnt of it since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lamplighter.contracts import ArtifactRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import UsageError
from lamplighter.ledger import Ledger
from lamplighter.ledger.records import Version
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.known_version import known_version
from lamplighter.steps.model_card import CARD


def card_of_version(
    ledger: Ledger, artifacts: ArtifactStore, model: str, version: str, *, now: datetime
) -> dict[str, Any]:
    """Return a version's card: what was written before it was registered, and what came of it.

    Parameters
    ----------
    now : datetime
        When the ledger is asked; the card says it.

    Raises
    ------
    UsageError
        If there is no such version, or it has no card.
    ArtifactError
        If the card is gone from the store, or was changed.
    """
    known = known_version(ledger, model, version)
    if CARD not in known.details:
        raise UsageError(
            f"version {version} of {model} has no model card: it was adopted, or registered before "
            "there were any; the versions of later nights have one"
        )
    stored = ArtifactRef.model_validate(known.details[CARD])
    document = dict(json.loads(artifacts.read(stored)))
    reproduce: Mapping[str, Any] = document["reproduce"]
    return {
        **document,
        "version": known.version,
        "register": _register(ledger, known, now),
        "reproduce": {**reproduce, "command": f"lamplighter reproduce {model} {known.version}"},
    }


def _register(ledger: Ledger, known: Version, now: datetime) -> dict[str, Any]:
    releases = [
        release
        for timeline in dict.fromkeys((LIVE, known.timeline))
        for release in ledger.releases(known.model, timeline=timeline)
        if release.version == known.version
    ]
    return {
        "known_at": now.isoformat(),
        "registered_at": known.recorded_at.isoformat(),
        "releases": [
            {
                "valid_from": release.valid_from.isoformat(),
                "valid_to": release.valid_to.isoformat() if release.valid_to else None,
                "timeline": release.timeline,
                "by": str(release.actor),
                "reason": release.reason,
            }
            for release in releases
        ],
        "defects": [
            {
                "number": defect.id,
                "said": defect.description,
                "by": str(defect.actor),
                "at": defect.recorded_at.isoformat(),
                "mended": defect.mended_because,
            }
            for defect in ledger.defects(known.model, known.version)
        ],
    }
