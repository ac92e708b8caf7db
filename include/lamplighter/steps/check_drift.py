"""Step check_drift: what has changed since the champion was trained, and since the week before."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lamplighter.contracts import ArtifactRef, DriftedColumn, DriftRef, SnapshotRef
from lamplighter.errors import ArtifactError
from lamplighter.ledger import Release
from lamplighter.ledger.records import Version
from lamplighter.monitoring.document import Compared, Extent, drift_document
from lamplighter.monitoring.profile import Profile
from lamplighter.monitoring.report import render_drift
from lamplighter.steps.drift_windows import (
    EARLIER_WINDOWS,
    DriftWindow,
    against_reference,
    against_window_before,
    newest_days,
    window_of_days,
    window_of_new_rows,
)
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

REFERENCE = "reference"
"""Name under which a version's details hold the profile of what it was trained on."""

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
        document = _look(night, champion)
        text = json.dumps(document, indent=2, sort_keys=True).encode()
        stored = night.artifacts.write(f"{key}.json", text)
    else:
        document = json.loads(night.artifacts.read(stored))
    report = night.artifacts.write(f"{key}.html", render_drift(document).encode())
    for sentence in (*document["sentences"], *document["notes"]):
        night.say(sentence)
    log.info("%s: drift report at %s", night.run.model, night.artifacts.uri(report))
    return _ref(key, document, report=report, stored=stored)


def stored_reference(night: Night, version: Version | None) -> Profile | None:
    """Return the profile of what a version was trained on; None for versions without.

    Raises
    ------
    ArtifactError
        If its file is missing or changed.
    """
    ref = version.details.get(REFERENCE) if version else None
    if ref is None:
        return None
    return Profile.from_frame(night.artifacts.read_frame(ArtifactRef.model_validate(ref)))


def _look(night: Night, champion: Release | None) -> dict[str, Any]:
    spec, run, days = night.spec, night.run, night.spec.monitor.drift.window_days
    version = night.ledger.version(run.model, champion.version) if champion else None
    history = DriftWindow.none()
    if spec.time is None:
        window = DriftWindow.none()
        if version is not None:
            window = window_of_new_rows(spec, night.lake, since=version.as_of, as_of=run.as_of)
        asked = Extent(None, None, len(window))
    else:
        first, last = newest_days(spec, run.as_of, days=days)
        earliest = first - timedelta(days=EARLIER_WINDOWS * days)
        whole = window_of_days(spec, night.lake, first=earliest, last=last, as_of=run.as_of)
        window = whole.only(first, last)
        history = whole.only(earliest, first - timedelta(days=1))
        asked = Extent(first.isoformat(), last.isoformat(), len(window))
    compared: list[Compared] = []
    notes: list[str] = []
    if not len(window):
        notes.append(_nothing_new(night, champion, asked))
    else:
        _compare_with_training(night, champion, version, window, compared, notes)
        before = against_window_before(spec, window, history, days=days)
        compared += [before] if before else []
        if before is None and spec.time is not None:
            notes.append(f"there is no example before {asked.first}")
    return drift_document(
        spec,
        as_of=run.as_of,
        run_key=run.run_key,
        champion=champion.version if champion else None,
        window=asked,
        compared=compared,
        notes=notes,
    )


def _nothing_new(night: Night, champion: Release | None, asked: Extent) -> str:
    if night.spec.time is not None:
        return f"no example was predicted from {asked}, so no drift can be seen"
    if champion is None:
        return "there is no champion yet, and without time nothing else to compare with"
    return f"no row is new since version {champion.version} was trained"


def _compare_with_training(
    night: Night,
    champion: Release | None,
    version: Version | None,
    window: DriftWindow,
    compared: list[Compared],
    notes: list[str],
) -> None:
    if champion is None:
        notes.append("there is no champion yet, so there is no training data to compare with")
        return
    name = f"version {champion.version}"
    try:
        reference = stored_reference(night, version)
    except ArtifactError as error:
        notes.append(f"whether anything drifted since {name} was trained is unknown: {error}")
        return
    if reference is None:
        notes.append(
            f"whether anything drifted since {name} was trained is unknown: no profile of its "
            "training data was kept when it was registered"
        )
        return
    what = f"what {name} was trained on"
    compared.append(against_reference(night.spec, window, reference, what=what))


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
