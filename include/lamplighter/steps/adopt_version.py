"""What `lamplighter adopt` does: make a version that MLflow already holds the champion."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.contracts import Actor
from lamplighter.data.examples import feature_view, known_examples
from lamplighter.errors import DataError, RegistryError, UsageError
from lamplighter.features.build import build_features
from lamplighter.ledger import Release
from lamplighter.ledger.records import Version
from lamplighter.steps.act_of_person import adopt_known, refuse_frozen_adoption
from lamplighter.steps.golden_rows import keep_golden
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.load_model import load_payload
from lamplighter.steps.night import Night
from lamplighter.steps.validate_data import validate_data
from lamplighter.training.scorer import Scorer

log = logging.getLogger(__name__)

TRIED_ON = 200
"""Newest examples that a version has to score before it is adopted."""


def adopt_version(
    night: Night, version: str, *, reason: str, actor: Actor
) -> tuple[Release, str | None]:
    """Try a registered version on the model's newest examples, and make it champion.

    The version may be anybody's: of sklearn, xgboost or any pyfunc flavour, or one of Lamplighter's
    under another model's name. Nothing is written before it has scored. What is written has
    keys of its content, so the same call again completes what a killed one left.

    Parameters
    ----------
    night : Night
        Of the model's spec, as of the time up to which examples are looked at.

    Raises
    ------
    RegistryError
        If there is no such version, it does not load, or takes or gives something else.
    DataError
        If there are no examples to try it on.
    FrozenError
        If the model is frozen.
    UsageError
        If no reason is given.
    """
    if not reason.strip():
        raise UsageError("a reason is needed; it stands in the ledger for good")
    refuse_frozen_adoption(night.stores, night.run.model, night.run.as_of)
    known = night.ledger.version(night.run.model, version)
    if known is None:
        known = _registered(night, version)
    return adopt_known(night.stores, known, reason=reason, actor=actor)


@dataclass(frozen=True)
class _Found:
    """A version as it is taken over: its bytes, and where they come from."""

    payload: bytes
    mlflow_run_id: str
    digest: str | None
    cutoff: str | None


def _registered(night: Night, version: str) -> Version:
    name, spec = night.registered_name, night.spec
    night.registry.version(name, version)
    rows, labels = _newest_examples(night)
    with _explained(name, version):
        found = _fetch(night, version, list(rows.columns), labels)
        scorer = load_payload(found.payload)
        _try(scorer, rows, night)
    stem = f"{spec.model}/adopted/{name}-{version}"
    artifact = night.artifacts.write(f"{stem}.model", found.payload)
    key = f"{stem}-{artifact.digest[:16]}"
    golden = keep_golden(
        night.artifacts, f"{key}-golden", scorer, rows[list(scorer.features)],
        count=spec.release.golden_rows,
    )  # fmt: skip
    night.ledger.intend_version(
        key,
        model=spec.model,
        as_of=night.run.as_of,
        artifact=artifact,
        run_key=night.run.run_key,
        timeline="live",
        details={
            "spec": night.run.spec_digest,
            "cutoff": found.cutoff,
            "registered_name": name,
            "adopted_digest": found.digest,
            **golden,
        },
    )
    log.info("%s: version %s of %s is adopted as %s", spec.model, version, name, key)
    return night.ledger.record_version(key, version=version, mlflow_run_id=found.mlflow_run_id)


def _newest_examples(night: Night) -> tuple[pd.DataFrame, list[Any]]:
    """Return features of the newest examples, and which labels are known."""
    if any(night.lake.ingested_until(night.spec.model, t) is None for t in night.spec.data.tables):
        validate_data(night, ingest_data(night))
    spec, as_of = night.spec, night.run.as_of
    examples = known_examples(spec, night.lake, as_of=as_of, knowledge_time=as_of)
    newest = examples.tail(TRIED_ON)
    if newest.empty:
        raise DataError(
            f"{spec.model} has no example before {as_of.isoformat()} to try a version on; choose a "
            "later --as-of"
        )
    view = feature_view(spec, night.lake, as_of=as_of)
    return build_features(spec, newest, view), list(examples["label"].dropna().unique())


def _fetch(night: Night, version: str, features: list[str], labels: list[Any]) -> _Found:
    from lamplighter.registry.adopted_model import AdoptedModel, describe

    held = night.registry.version(night.registered_name, version)
    if held.digest:  # one of ours: as it was judged, trained up to where its ledger says
        payload = night.registry.read_model(night.registered_name, version)
        return _Found(payload, held.run_id, None, _cutoff(night, held.digest))
    files, digest = night.registry.model_files(night.registered_name, version)
    described = describe(
        files,
        task=night.spec.task,
        available=features,
        labels=[getattr(label, "item", lambda v=label: v)() for label in labels],
        positive=night.spec.data.positive,
    )
    payload = AdoptedModel(described, files).to_bytes()
    return _Found(payload, held.run_id, digest, _cutoff(night, None))


def _cutoff(night: Night, digest: str | None) -> str | None:
    """Return until when it may have learnt: what its ledger says, else until now."""
    for model in night.ledger.models() if digest else ():
        for version in night.ledger.versions(model):
            if version.artifact.digest == digest:
                cutoff: str | None = version.details.get("cutoff")
                return cutoff
    return night.run.as_of.isoformat() if night.spec.time else None


def _try(scorer: Scorer, rows: pd.DataFrame, night: Night) -> None:
    """Raise RegistryError unless it gives what the task needs for every example."""
    task = night.spec.task
    if scorer.task != task:
        raise RegistryError(f"it is of the task {scorer.task}, the spec of {task}")
    missing = [name for name in scorer.features if name not in rows]
    if missing:
        raise RegistryError(f"it takes {', '.join(missing)}, which is no feature of the spec")
    predicted = scorer.predict(rows, threads=night.threads)
    shape = (len(rows), len(scorer.classes)) if task == "multiclass" else (len(rows),)
    if predicted.shape != shape:
        raise RegistryError(f"it gives the shape {predicted.shape}, expected {shape}")
    bad = int((~np.isfinite(predicted.reshape(len(rows), -1)).all(axis=1)).sum())
    if bad:
        raise RegistryError(f"{bad} of {len(rows)} predictions are not finite numbers")
    if task == "regression":
        return
    if predicted.min() < 0 or predicted.max() > 1:
        low, high = float(predicted.min()), float(predicted.max())
        raise RegistryError(
            f"its predictions lie between {low:.3g} and {high:.3g}, expected probabilities"
        )
    if len(rows) >= 20 and np.isin(predicted, (0.0, 1.0)).all():
        raise RegistryError("it gives classes, expected probabilities; log it with predict_proba")


@contextmanager
def _explained(name: str, version: str) -> Iterator[None]:
    try:
        yield
    except (RegistryError, DataError) as error:
        raise type(error)(
            f"version {version} of {name} cannot be adopted: {error}; nothing was changed"
        ) from error
