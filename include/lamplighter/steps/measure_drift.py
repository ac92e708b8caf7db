"""Measure drift: newest days against a champion's training data, days before, or given days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from lamplighter.contracts import ArtifactRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import ArtifactError, DataError, UsageError
from lamplighter.ledger import Release
from lamplighter.ledger.records import Version
from lamplighter.monitoring.document import Compared, Extent, drift_document
from lamplighter.monitoring.profile import Profile
from lamplighter.spec import ModelSpec
from lamplighter.steps.drift_windows import (
    EARLIER_WINDOWS,
    DriftWindow,
    against_reference,
    against_window_before,
    newest_days,
    window_of_days,
    window_of_new_rows,
)
from lamplighter.steps.night import Stores

REFERENCE = "reference"
"""Name under which a version's details hold the profile of what it was trained on."""


def measure_drift(
    stores: Stores,
    spec: ModelSpec,
    *,
    as_of: datetime,
    champion: Release | None,
    run_key: str | None = None,
    days: int | None = None,
) -> dict[str, Any]:
    """Compare the newest whole days with what the champion was trained on, and the days before.

    Without time: the rows that are new since the champion was trained, with what it was trained
    on. What cannot be said is among the document's notes, and is no error.

    Parameters
    ----------
    days : int, optional
        Length of the window; ``monitor.drift.window_days`` unless given.

    Returns
    -------
    dict
        See `lamplighter.monitoring.document`.
    """
    days = days or spec.monitor.drift.window_days
    version = stores.ledger.version(spec.model, champion.version) if champion else None
    window, history, extent = _windows(stores, spec, as_of, version, days=days)
    compared: list[Compared] = []
    notes: list[str] = []
    if not len(window):
        notes.append(_nothing_new(spec, champion, extent))
    else:
        _compare_with_training(stores, spec, champion, version, window, compared, notes)
        before = against_window_before(spec, window, history, days=days)
        compared += [before] if before else []
        if before is None and spec.time is not None:
            notes.append(f"there is no example before {extent.first}")
    return drift_document(
        spec,
        as_of=as_of,
        run_key=run_key,
        champion=champion.version if champion else None,
        window=extent,
        compared=compared,
        notes=notes,
    )


def measure_against_days(
    stores: Stores,
    spec: ModelSpec,
    *,
    as_of: datetime,
    first: date,
    last: date,
    days: int | None = None,
) -> dict[str, Any]:
    """Compare the newest whole days with other days, both included.

    Raises
    ------
    UsageError
        If the model has no time, or the two overlap.
    DataError
        If one of them has no example.
    """
    if spec.time is None:
        raise UsageError(f"{spec.model} has no section `time`, so it has no days to compare")
    begin, end = newest_days(spec, as_of, days=days or spec.monitor.drift.window_days)
    if last >= begin:
        raise UsageError(
            f"the reference ends on {last} and the window begins on {begin}; choose an earlier "
            "reference, or a later as_of"
        )
    window, reference = (
        window_of_days(spec, stores.lake, first=start, last=stop, as_of=as_of)
        for start, stop in ((begin, end), (first, last))
    )
    for rows, start, stop in ((window, begin, end), (reference, first, last)):
        if not len(rows):
            raise DataError(
                f"the lake holds no example of {spec.model} from {start} to {stop}; let a night "
                "ingest those days, or choose others"
            )
    profile = Profile.learn(reference.features, reference.days)
    compared = against_reference(spec, window, profile, what="the reference", given=True)
    return drift_document(
        spec,
        as_of=as_of,
        run_key=None,
        champion=None,
        window=window.extent,
        compared=[compared],
        notes=[],
    )


def stored_reference(artifacts: ArtifactStore, version: Version | None) -> Profile | None:
    """Return the profile of what a version was trained on; None for versions without.

    Raises
    ------
    ArtifactError
        If its file is missing or changed.
    """
    ref = version.details.get(REFERENCE) if version else None
    if ref is None:
        return None
    return Profile.from_frame(artifacts.read_frame(ArtifactRef.model_validate(ref)))


def _windows(
    stores: Stores, spec: ModelSpec, as_of: datetime, version: Version | None, *, days: int
) -> tuple[DriftWindow, DriftWindow, Extent]:
    """Return the window, the days before it, and what was asked for."""
    if spec.time is None:
        window = DriftWindow.none()
        if version is not None:
            window = window_of_new_rows(spec, stores.lake, since=version.as_of, as_of=as_of)
        return window, DriftWindow.none(), window.extent
    first, last = newest_days(spec, as_of, days=days)
    earliest = first - timedelta(days=EARLIER_WINDOWS * days)
    whole = window_of_days(spec, stores.lake, first=earliest, last=last, as_of=as_of)
    window = whole.only(first, last)
    extent = Extent(first.isoformat(), last.isoformat(), len(window))
    return window, whole.only(earliest, first - timedelta(days=1)), extent


def _nothing_new(spec: ModelSpec, champion: Release | None, asked: Extent) -> str:
    if spec.time is not None:
        return f"no example was predicted from {asked}, so no drift can be seen"
    if champion is None:
        return "there is no champion yet, and without time nothing else to compare with"
    return f"no row is new since version {champion.version} was trained"


def _compare_with_training(
    stores: Stores,
    spec: ModelSpec,
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
    unknown = f"whether anything drifted since {name} was trained is unknown"
    try:
        reference = stored_reference(stores.artifacts, version)
    except ArtifactError as error:
        notes.append(f"{unknown}: {error}")
        return
    if reference is None:
        notes.append(f"{unknown}: no profile of its training data was kept when it was registered")
        return
    what = f"what {name} was trained on"
    compared.append(against_reference(spec, window, reference, what=what))
