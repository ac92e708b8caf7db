"""The stored search: what a trial predicted belongs to the trial that the ledger holds."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.ledger import Ledger
from lamplighter.steps.stored_search import LedgerTrials
from lamplighter.training.trial import TrialRecord


@pytest.fixture
def store(tmp_path: Path) -> LedgerTrials:
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    ledger.open_search(
        "s", model="returns", as_of=datetime(2024, 1, 1, tzinfo=UTC), timeline="live", settings={}
    )
    return LedgerTrials(ledger, ArtifactStore(str(tmp_path / "lake")), "s", limit=None)


def ended(worker: int, *, loss: float) -> TrialRecord:
    return TrialRecord(0, "linear", {"C": loss}, loss, 1.0, "ok", worker=worker)


def test_a_worker_that_was_taken_for_dead_and_ends_later_changes_no_predictions(store):
    assert store.claim(0) == 0
    store.add(ended(0, loss=0.25), [np.array([0.25, 0.75])])
    store.add(ended(1, loss=0.5), [np.array([0.5, 0.5])])

    (stored,) = store.trials()
    assert (stored.worker, stored.loss) == (0, 0.25)
    np.testing.assert_array_equal(store.predictions(0), [[0.25, 0.75]])
