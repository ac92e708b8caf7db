"""The stores of a replay: the lake as it is, read once, and a ledger and artifacts of its own."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.predictions import PredictionTable
from lamplighter.data.quarantine import QuarantineTable
from lamplighter.data.remembered_lake import RememberedLake
from lamplighter.data.shadow_predictions import ShadowPredictions
from lamplighter.errors import DataError, LedgerError, RegistryError
from lamplighter.features.remembered import RememberedFeatures
from lamplighter.ledger import Ledger
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.spec import ModelSpec
from lamplighter.steps.libraries import libraries
from lamplighter.steps.night import Stores

FOLDER = "replays"
"""Folder below the home in which replays keep what they have done; it may be deleted."""


class ReplayRegistry(Registry):
    """Stands where MLflow would: a replay registers in its own ledger, and no alias moves."""

    def __init__(self, ledger: Ledger, model: str) -> None:
        super().__init__("sqlite:///:memory:")  # never asked
        self._ledger = ledger
        self._of = model

    def model_digest(self, model: str, version: str) -> str:
        """Return the digest of a version's file, as the replay's ledger has it."""
        known = self._ledger.version(self._of, version)
        if known is None:
            raise LedgerError(f"the replay of {self._of} has no version {version!r}")
        return known.artifact.digest

    def alias(self, model: str, alias: str) -> str | None:
        """There is none."""
        return None

    @property
    def _client(self) -> Any:
        raise RegistryError("a replay has no registry; it asks its own ledger")


def open_replay(lived: Stores, spec: ModelSpec, *, home: str | Path) -> Stores:
    """Open the stores in which a model's history is re-enacted; nothing of `lived` is changed.

    What a replay has done is kept in a folder below `home`, and found again as long as the lake's
    tables and the installed libraries are the same.

    Raises
    ------
    DataError
        If the lake holds no data of the model yet.
    """
    lake = RememberedLake(lived.lake.root)
    ids = lake.identity(spec.model, tuple(spec.data.tables))
    if not all(ids):
        raise DataError(
            f"the lake holds no data of {spec.model} yet; run a night first, which ingests it"
        )
    made_of = hashlib.sha256(json.dumps([ids, libraries()]).encode()).hexdigest()[:12]
    folder = Path(home) / FOLDER / spec.model / made_of
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")
    return Stores(
        lake=lake,
        predictions=PredictionTable(str(folder)),
        quarantine=QuarantineTable(str(folder)),
        artifacts=ArtifactStore(str(folder / "artifacts")),
        ledger=ledger,
        registry=ReplayRegistry(ledger, spec.model),
        shadow=ShadowPredictions(str(folder)),
        lived=lived,
        build=RememberedFeatures(),
    )
