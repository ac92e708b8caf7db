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


def main(address: str, key: str, predictor: str, die_after: str, start_at: str) -> None:
    """Register, name the version champion, and print it; or die on the way."""

    def after(stage: str) -> None:
        if stage == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    registry = Registry(address)
    time.sleep(max(0.0, float(start_at) - time.time()))
    done = registry.register(**registration(key, Path(predictor)), step_hook=after)
    registry.set_alias(MODEL, "champion", done.version)
    after("alias")
    sys.stdout.write(json.dumps({"version": done.version, "run_id": done.run_id}))


if __name__ == "__main__":
    main(*sys.argv[1:])
