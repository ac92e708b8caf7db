"""A night: what every step needs, and nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from lamplighter.contracts import RunRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.asof import AsOfView
from lamplighter.data.examples import feature_view
from lamplighter.data.lake import Lake
from lamplighter.data.predictions import PredictionTable
from lamplighter.data.quarantine import QuarantineTable
from lamplighter.data.shadow_predictions import ShadowPredictions
from lamplighter.data.sources import resolve_url
from lamplighter.errors import LedgerError
from lamplighter.features.build import build_features
from lamplighter.ledger import Challenge, Ledger, Release
from lamplighter.registry.mlflow_registry import Registry
from lamplighter.spec import ModelSpec
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.usable_cores import usable_cores

BuildFeatures = Callable[[ModelSpec, pd.DataFrame, Callable[[], AsOfView]], pd.DataFrame]
"""How features are made: from the spec, the examples, and a view that is opened when needed."""


def _build(
    spec: ModelSpec, examples: pd.DataFrame, open_view: Callable[[], AsOfView]
) -> pd.DataFrame:
    return build_features(spec, examples, open_view())


@dataclass(frozen=True)
class Stores:
    """The lake, its predictions, quarantine and artifacts, the ledger and the registry, opened.

    Of a replay, ledger, registry, artifacts and predictions are its own, and `lived` are the stores
    of what really happened, which it only reads: there, and only there, nights of a simulated
    timeline register and release. It also remembers features.
    """

    lake: Lake
    predictions: PredictionTable
    shadow: ShadowPredictions
    quarantine: QuarantineTable
    artifacts: ArtifactStore
    ledger: Ledger
    registry: Registry
    lived: Stores | None = None
    build: BuildFeatures = _build

    @property
    def replayed(self) -> bool:
        """Whether these are the stores of a replay."""
        return self.lived is not None

    @classmethod
    def open(cls, paths: StorePaths) -> Stores:
        """Open all of them. The registry is not asked anything yet."""
        return cls(
            lake=Lake(paths.lake),
            predictions=PredictionTable(paths.lake),
            shadow=ShadowPredictions(paths.lake),
            quarantine=QuarantineTable(paths.lake),
            artifacts=ArtifactStore(paths.artifacts),
            ledger=Ledger.open(paths.ledger),
            registry=Registry(paths.mlflow),
        )

    @classmethod
    def from_environment(cls) -> Stores:
        """Open the stores that the environment names; the home is made if it is not there."""
        paths = StorePaths.from_environment()
        Path(paths.home).mkdir(parents=True, exist_ok=True)
        return cls.open(paths)


def _silent(_: str) -> None:
    return None


@dataclass(frozen=True)
class Night:
    """One run of one model: its resolved spec, its times, its stores."""

    spec: ModelSpec
    run: RunRef
    stores: Stores
    clock: Callable[[], float] = field(default=time.monotonic)
    say: Callable[[str], None] = field(default=_silent)
    threads: int = 1
    resolve_url: Callable[[str], str] = resolve_url

    @property
    def lake(self) -> Lake:
        """The lake's tables."""
        return self.stores.lake

    @property
    def predictions(self) -> PredictionTable:
        """The lake's predictions."""
        return self.stores.predictions

    @property
    def shadow(self) -> ShadowPredictions:
        """What champion and challenger said before the labels came."""
        return self.stores.shadow

    @property
    def quarantine(self) -> QuarantineTable:
        """What was set aside."""
        return self.stores.quarantine

    @property
    def artifacts(self) -> ArtifactStore:
        """The artifact store."""
        return self.stores.artifacts

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.stores.ledger

    @property
    def registry(self) -> Registry:
        """The model registry."""
        return self.stores.registry

    @property
    def registered_name(self) -> str:
        """Name of the model in the registry."""
        return self.spec.release.registered_name or self.spec.model

    def features(
        self, examples: pd.DataFrame, open_view: Callable[[], AsOfView] | None = None
    ) -> pd.DataFrame:
        """Build the features of examples, each from what was known at its prediction.

        `open_view` gives the view to build from, as of this night; it is only opened when needed.
        """
        return self.stores.build(self.spec, examples, open_view or self.view)

    def view(self) -> AsOfView:
        """Open the view of every table as known by this night."""
        return feature_view(self.spec, self.lake, as_of=self.run.as_of)

    def work_key(self, step: str, *content: object) -> str:
        """Name work that does not depend on a policy: the same for all timelines of a replay.

        On `live` it is `key`. In a replay it depends on what training reads of the spec, on the
        times and on the content, so that what one policy has trained need not be trained again
        for another.
        """
        if not self.stores.replayed:
            return self.key(step, *content)
        times = [self.run.as_of.isoformat(), self.run.knowledge_time.isoformat()]
        return self._key("simulated-all", step, [training_digest(self.spec), *times, *content])

    def key(self, step: str, *content: object) -> str:
        """Name a side effect by what goes into it, so that it happens exactly once.

        The name depends on the model, its spec, the times, the timeline, the step and the
        content given, and on nothing else: not on the run, the try or the clock.
        """
        times = [self.run.as_of.isoformat(), self.run.knowledge_time.isoformat()]
        timeline = self.run.timeline.replace(":", "-").replace("/", "-").replace("+", "-")
        return self._key(timeline, step, [self.run.spec_digest, *times, *content])

    def _key(self, folder: str, step: str, content: Sequence[object]) -> str:
        parts = [str(part) for part in content]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return f"{self.run.model}/{self.run.as_of:%Y-%m-%dT%H%M%S}/{folder}/{step}-{digest}"

    def champion(self) -> Release | None:
        """Return who was champion on this night's timeline when it began.

        A release of this very night is valid from its `as_of`, so the champion to compare with
        is the one of the moment before; a cleared night then meets the same champion again.
        """
        return self.ledger.champion(self.run.model, timeline=self.run.timeline, at=self.before)

    def challenger(self) -> Challenge | None:
        """Return which version collects evidence on this night's timeline when it begins."""
        return self.ledger.challenger(self.run.model, timeline=self.run.timeline, at=self.before)

    @property
    def before(self) -> datetime:
        """The moment before this night: what it does itself is dated at its `as_of`."""
        return self.run.as_of - timedelta(microseconds=1)


_NOT_TRAINED_BY = (
    "owner", "gate", "evidence", "explain", "card", "release", "monitor", "retrain", "schedule",
)  # fmt: skip


def training_digest(spec: ModelSpec) -> str:
    """Name what of a spec decides which model a night trains, in 16 hex digits."""
    document = {key: part for key, part in spec.document().items() if key not in _NOT_TRAINED_BY}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_night(
    run_id: str,
    stores: Stores,
    *,
    say: Callable[[str], None] = _silent,
    threads: int | None = None,
    resolve: Callable[[str], str] = resolve_url,
) -> Night:
    """Return the night that `resolve_spec` wrote down under this run id.

    Parameters
    ----------
    say : callable, optional
        Told in sentences what happens.
    threads : int, optional
        Most threads that a step may use; all usable cores unless given.
    resolve : callable, optional
        Turns the name that an sql source gives into an SQLAlchemy URL.
    """
    run = stores.ledger.run(run_id)
    if run is None:
        raise LedgerError(
            f"run {run_id!r} is not in the ledger; its task resolve_spec has to succeed first"
        )
    return Night(
        spec=_stored_spec(stores.ledger, run),
        run=run,
        stores=stores,
        say=say,
        threads=threads or usable_cores(),
        resolve_url=resolve,
    )


def _stored_spec(ledger: Ledger, run: RunRef) -> ModelSpec:
    try:
        return ModelSpec.model_validate(ledger.spec(run.spec_digest))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LedgerError(
            f"the night as of {run.as_of:%Y-%m-%d %H:%M %Z} ran under a spec that this release "
            f"does not read ({where}: {first['msg'].lower()}), so it cannot go on; a new night can"
        ) from None
