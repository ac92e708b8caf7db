"""From a prediction to the version that made it, and to what that version was made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from lamplighter.errors import UsageError
from lamplighter.steps.night import Stores
from lamplighter.steps.proof.record import PROOF, candidate_of


@dataclass(frozen=True)
class Origin:
    """What a prediction goes back to. What was not recorded is None.

    `continued` and `refit_of` name another version that went into its own; empty: none did.
    """

    prediction_id: str
    key: str
    prediction_time: str | None
    prediction: Any
    scored_as_of: str
    features_digest: str
    version: str
    trained_as_of: str | None
    artifact_digest: str | None
    mlflow_run_id: str | None
    snapshot: str | None
    spec_digest: str | None
    examples_digest: str | None
    split_digest: str | None
    code_digest: str | None
    lock_digest: str | None
    search: str | None
    continued: str | None
    refit_of: str | None
    run_key: str | None
    run_ids: tuple[str, ...]
    released_by: str | None
    release: int | None

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def origins(
    stores: Stores,
    model: str,
    *,
    prediction_id: str | None = None,
    key: str | None = None,
    at: datetime | None = None,
) -> list[Origin]:
    """Return where predictions came from, the oldest first.

    Parameters
    ----------
    prediction_id : str, optional
        Name of one prediction.
    key : str, optional
        Key of an example, as the predictions have it; `at` leaves those of one prediction time.

    Raises
    ------
    UsageError
        If no prediction is stored for it.
    """
    rows = stores.predictions.find(model, prediction_id=prediction_id, key=key)
    if at is not None:
        rows = rows[rows["prediction_time"] == pd.Timestamp(at)]
    if rows.empty:
        asked = f"prediction {prediction_id}" if prediction_id else f"prediction of {key}"
        when = f" at {at.isoformat()}" if at else ""
        raise UsageError(
            f"the lake holds no {asked}{when} of {model}; look whether its interval was scored, "
            "and whether scoring it again gave other examples"
        )
    return [_origin(stores, model, row) for row in rows.to_dict("records")]


def _origin(stores: Stores, model: str, row: dict[Any, Any]) -> Origin:
    number = str(row["model_version"])
    version = stores.ledger.version(model, number)
    details: dict[str, Any] = version.details if version else {}
    proof: dict[str, Any] = details.get(PROOF, {})
    candidate = candidate_of(stores, version) if version else None
    time = None if pd.isna(row["prediction_time"]) else row["prediction_time"].to_pydatetime()
    release = stores.ledger.champion(model, at=time) if time else None
    if release is not None and release.version != number:
        release = None
    return Origin(
        prediction_id=row["prediction_id"],
        key=row["key"],
        prediction_time=time.isoformat() if time else None,
        prediction=row["prediction"],
        scored_as_of=row["as_of"].isoformat(),
        features_digest=row["features_digest"],
        version=number,
        trained_as_of=version.as_of.isoformat() if version else None,
        artifact_digest=version.artifact.digest if version else None,
        mlflow_run_id=version.mlflow_run_id if version else None,
        snapshot=details.get("snapshot"),
        spec_digest=details.get("spec"),
        examples_digest=proof.get("examples_digest"),
        split_digest=proof.get("split_digest"),
        code_digest=proof.get("code_digest"),
        lock_digest=proof.get("lock_digest"),
        search=candidate.search_key if candidate else None,
        continued=candidate.continued if candidate else None,
        refit_of=(candidate.refit_of or "") if candidate else None,
        run_key=version.run_key if version else None,
        run_ids=tuple(stores.ledger.run_ids(version.run_key)) if version else (),
        released_by=f"{release.actor.name} ({release.actor.kind})" if release else None,
        release=release.id if release else None,
    )
