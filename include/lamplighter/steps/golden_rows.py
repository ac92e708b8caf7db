"""Golden rows: a few examples kept with each version and what it predicted for them.

Libraries change under a model that does not. After an upgrade the rows are scored again: a
version that says otherwise than when it was judged is no longer the one that was judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.contracts import ArtifactRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.errors import ArtifactError, LamplighterError
from lamplighter.ledger.records import Release, Version
from lamplighter.steps.libraries import changes, libraries, lock_digest
from lamplighter.steps.load_model import load_model
from lamplighter.steps.night import Stores
from lamplighter.training.scorer import Scorer

GOLDEN = "golden"
LIBRARIES = "libraries"
RELATIVE, ABSOLUTE = 1e-5, 1e-6
"""Libraries round otherwise from version to version; more than this is another answer."""

_FEATURE, _PREDICTION = "feature:", "prediction:"


@dataclass(frozen=True)
class GoldenCheck:
    """Whether a version still scores as it did, and a sentence about it."""

    right: bool
    message: str


def keep_golden(
    store: ArtifactStore, key: str, scorer: Scorer, rows: pd.DataFrame, *, count: int
) -> dict[str, Any]:
    """Store golden rows and return what a version's details say about them.

    Parameters
    ----------
    key : str
        Names the artifact, with the libraries that the rows were scored under.
    rows : DataFrame
        Features to choose from; `count` of them are taken, from all over.
    """
    installed = libraries()
    lock = lock_digest(installed)
    details: dict[str, Any] = {LIBRARIES: installed, "lock": lock}
    if count and len(rows):
        chosen = np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int))
        frame = _joined(rows.iloc[chosen].reset_index(drop=True), scorer)
        details[GOLDEN] = store.write_frame(f"{key}-{lock}.parquet", frame).model_dump(mode="json")
    return details


def check_golden(stores: Stores, release: Release) -> GoldenCheck:
    """Load the version of a release and score its golden rows again.

    Does not raise: what cannot be read or loaded is a wrong answer too.
    """
    version = stores.ledger.version(release.model, release.version)
    if version is None:
        return GoldenCheck(False, f"version {release.version} is not in the ledger")
    try:
        return compare_golden(stores, version, load_model(stores, version.artifact))
    except LamplighterError as error:
        return GoldenCheck(False, str(error))


def compare_golden(
    stores: Stores, version: Version, scorer: Scorer, *, threads: int = 1
) -> GoldenCheck:
    """Compare what a loaded version predicts for its golden rows with what it once predicted."""
    kept = kept_golden(stores, version)
    if kept is None:
        return GoldenCheck(True, f"no golden rows were kept with version {version.version}")
    rows, then = kept
    try:
        now = np.asarray(scorer.predict(rows, threads=threads), dtype=np.float64)
    except Exception as error:  # whatever another version of a library does with an old model
        raise ArtifactError(
            f"version {version.version} loads, and cannot score its golden rows "
            f"({type(error).__name__}: {error}); {_remedy(version.details)}"
        ) from error
    return _judged(version, then, now.reshape(len(rows), -1))


def kept_golden(stores: Stores, version: Version) -> tuple[pd.DataFrame, np.ndarray] | None:
    """Return a version's golden rows and what it predicted for them; None if none were kept.

    Raises
    ------
    ArtifactError
        If they are missing, or were changed.
    """
    if GOLDEN not in version.details:
        return None
    frame = stores.artifacts.read_frame(ArtifactRef.model_validate(version.details[GOLDEN]))
    return _apart(frame)


def _judged(version: Version, then: np.ndarray, now: np.ndarray) -> GoldenCheck:
    count = len(then)
    if now.shape != then.shape:
        found, expected = now.shape[1], then.shape[1]
        said = f"gives {found} values a row where it gave {expected}"
        return GoldenCheck(False, _wrong(version, said))
    same = np.isclose(now, then, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True).all(axis=1)
    if same.all():
        return GoldenCheck(
            True, f"version {version.version} scores its {count} golden rows as it did"
        )
    most = np.nanmax(np.abs(now - then)) if np.isfinite(now).any() else np.nan
    said = f"scores {int((~same).sum())} of {count} golden rows otherwise, by up to {most:.3g}"
    return GoldenCheck(False, _wrong(version, said))


def _wrong(version: Version, said: str) -> str:
    return (
        f"version {version.version} {said} than when it was registered; {_remedy(version.details)}"
    )


def _remedy(details: Mapping[str, Any]) -> str:
    changed = changes(details.get(LIBRARIES, {}), libraries())
    why = (
        f"libraries changed ({changed})" if changed else "the libraries are the same, the files not"
    )
    return (
        f"{why}: install those it was registered under, or train anew and promote the new version"
    )


def _joined(rows: pd.DataFrame, scorer: Scorer) -> pd.DataFrame:
    predicted = np.asarray(scorer.predict(rows), dtype=np.float64).reshape(len(rows), -1)
    named = rows.rename(columns=lambda c: f"{_FEATURE}{c}")
    values = {f"{_PREDICTION}{k}": predicted[:, k] for k in range(predicted.shape[1])}
    return named.assign(**values)


def _apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    features = [c for c in frame.columns if c.startswith(_FEATURE)]
    predictions = [c for c in frame.columns if c.startswith(_PREDICTION)]
    rows = frame[features].rename(columns=lambda c: c.removeprefix(_FEATURE))
    return rows, frame[predictions].to_numpy(dtype=np.float64)
