"""Registers a model in a process of its own, which kills itself after the stage it is told."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from lamplighter.registry.mlflow_registry import Registry

MODEL = "flights"


def registration(key: str, predictor: Path) -> dict[str, Any]:
    """Return the arguments of a registration; the same for the same key and file."""
    return {
        "key": key,
        "model": MODEL,
        "predictor_path": predictor,
        "artifact_digest": hashlib.sha256(predictor.read_bytes()).hexdigest(),
        "params": {"chosen": "stacking", "trials": 12},
        "metrics": {"holdout_roc_auc": 0.78, "holdout_log_loss": 0.51},
        "tags": {"lamplighter.as_of": "2013-07-01T00:00:00+00:00"},
        "datasets": {"examples": "a" * 64, "snapshot": "b" * 64},
        "input_example": pd.DataFrame({"distance": [100, 200], "carrier": ["AA", None]}),
        "output_example": [0.1, 0.2],
        "reports": {"evaluation.html": b"<p>good</p>", "evaluation.json": b"{}"},
        "requirements": ["scikit-learn"],
    }


def main(address: str, key: str, predictor: str, die_after: str, meet_after: str, at: str) -> None:
    """Register, name the version champion, and print it; die or meet a twin on the way."""

    def after(stage: str) -> None:
        if stage == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if stage == meet_after:
            _meet(Path(predictor).parent / "meeting")

    registry = Registry(address)
    time.sleep(max(0.0, float(at) - time.time()))
    done = registry.register(**registration(key, Path(predictor)), step_hook=after)
    registry.set_alias(MODEL, "champion", done.version)
    after("alias")
    sys.stdout.write(json.dumps({"version": done.version, "run_id": done.run_id}))


def _meet(place: Path) -> None:
    """Go on when another process has come here too."""
    place.mkdir(exist_ok=True)
    (place / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while len(list(place.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
