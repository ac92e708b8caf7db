"""Step check_drift: what has changed since the champion was trained, and since the week before."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from lamplighter.contracts import ArtifactRef, DriftedColumn, DriftRef, SnapshotRef
from lamplighter.monitoring.report import render_drift
from lamplighter.steps.measure_drift import measure_drift
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

_WORST = 5
_NAMED = 60


def check_drift(night: Night, snapshot: SnapshotRef) -> DriftRef:
    """Compare the newest whole days with the champion's training data and with the days before.

    Nothing is decided here. Where there is nothing to compare, the answer says so; that is no
    error. The report is made once: a retried or cleared task reads it back.
    """
    champion = night.champion()
    key = night.key("drift", snapshot.digest, champion.version if champion else None)
    stored = night.artifacts.find(f"{key}.json")
    if stored is None:
        document = measure_drift(
            night.stores,
            night.spec,
            as_of=night.run.as_of,
            champion=champion,
            run_key=night.run.run_key,
        )
        text = json.dumps(document, indent=2, sort_keys=True).encode()
        stored = night.artifacts.write(f"{key}.json", text)
    else:
        document = json.loads(night.artifacts.read(stored))
    report = night.artifacts.write(f"{key}.html", render_drift(document).encode())
    for sentence in (*document["sentences"], *document["notes"]):
        night.say(sentence)
    log.info("%s: drift report at %s", night.run.model, night.artifacts.uri(report))
    return _ref(key, document, report=report, stored=stored)


def _ref(
    key: str, document: Mapping[str, Any], *, report: ArtifactRef, stored: ArtifactRef
) -> DriftRef:
    first = document["comparisons"][0] if document["comparisons"] else None
    drifted = [c for c in first["columns"] if c["drifted"]] if first else []
    return DriftRef(
        key=key,
        report=report,
        document=stored,
        rows=document["window"]["rows"],
        first_day=document["window"]["first"],
        last_day=document["window"]["last"],
        champion_version=(document["champion"] or {}).get("version"),
        against=first["against"] if first else None,
        columns=first["judged"] if first else 0,
        drifted_columns=len(drifted),
        drifted=tuple(column["column"] for column in drifted[:_NAMED]),
        worst=tuple(
            DriftedColumn(
                column=column["column"],
                psi=round(column["psi"], 4),
                threshold=round(column["threshold"], 4),
                p_value=column["adjusted_p"],
            )
            for column in drifted[:_WORST]
        ),
        sentences=tuple(document["sentences"]),
        notes=tuple(document["notes"]),
    )
