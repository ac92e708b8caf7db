"""Read a model back from its artifact, whoever made it."""

from __future__ import annotations

from lamplighter.contracts import ArtifactRef
from lamplighter.steps.night import Stores
from lamplighter.training.predictor import Predictor
from lamplighter.training.scorer import Scorer


def load_model(stores: Stores, artifact: ArtifactRef) -> Scorer:
    """Read a model back from its artifact, checked by digest.

    Raises
    ------
    ArtifactError
        If it is missing, is another file, or cannot be loaded by the libraries installed here.
    """
    return load_payload(stores.artifacts.read(artifact))


def load_payload(payload: bytes) -> Scorer:
    """Turn the bytes of a model into what scores."""
    if payload.startswith(b"lamplighter-adopted-"):
        from lamplighter.registry.adopted_model import AdoptedModel

        return AdoptedModel.from_bytes(payload)
    return Predictor.from_bytes(payload)
