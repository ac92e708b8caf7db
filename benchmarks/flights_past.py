"""A home in which flights have a past: a lake of some days, and a champion now and then.

What the benchmark of historic evaluation and its longest test have in common. It matters who was
champion when, not how good they were: one quick night trains them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np
import yaml

from lamplighter.contracts import Actor, RunRequest
from lamplighter.ledger import ReleaseRequest
from lamplighter.spec import load_spec
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.validate_data import validate_data
from lamplighter.steps.whole_night import run_night
from lamplighter.training.calibration import Isotonic
from lamplighter.training.predictor import Predictor

SHIPPED = Path(__file__).parents[1] / "include/models/flights.yaml"
ACTOR = Actor(name="benchmark", kind="os_user")
QUICK = {
    "search": {"algorithms": ["linear"], "trials": 1, "budget_s": None, "workers": 1},
    "split": {"holdout_days": 5, "folds": 2, "max_training_days": 21},
    "gate": {"mode": "off"},
    "schedule": {"cron": "0 4 * * *", "timezone": "America/New_York", "end": "2013-01-01"},
}


def write_spec(folder: Path) -> Path:
    """Write the spec of quick flights into a folder of specs."""
    document = yaml.safe_load(SHIPPED.read_text()) | QUICK
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "flights.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def make_past(
    paths: StorePaths, spec_path: Path, *, promotions: Sequence[date], until: date
) -> list[str]:
    """Make a new version champion on each of some days at 04:00, and ingest until another one.

    One night trains; the versions are its candidate, each with a correction of its own.
    """
    stores, zone = Stores.open(paths), load_spec(spec_path).zone
    moments = [datetime(d.year, d.month, d.day, 4, tzinfo=zone) for d in promotions]
    run_night(
        spec_path,
        RunRequest(as_of=moments[0], dry_run=True),
        run_id="past/first",
        actor=ACTOR,
        stores=stores,
    )
    end = datetime(until.year, until.month, until.day, 4, tzinfo=zone)
    resolve_spec(spec_path, RunRequest(as_of=end), run_id="past/end", actor=ACTOR, stores=stores)
    night = open_night("past/end", stores)
    validate_data(night, ingest_data(night))
    # A dry run registers nothing, but what it trained is there.
    (trained,) = (Path(paths.artifacts) / "flights").rglob("candidate-*.predictor")
    crown(stores, Predictor.from_bytes(trained.read_bytes()), moments)
    return [release.version for release in stores.ledger.releases("flights")]


def crown(stores: Stores, trained: Predictor, moments: Sequence[datetime]) -> None:
    """Register a version of a predictor for each moment, and make it champion from then on."""
    before = 0
    for number, as_of in enumerate(moments, start=1):
        correction = (np.array([0.0, 1.0]), np.array([0.02 * number, 1.0 - 0.03 * number]))
        version = replace(trained, calibration=Isotonic(steps=(correction,)))
        artifact = stores.artifacts.write(f"flights/past/{number}.predictor", version.to_bytes())
        about = {"model": "flights", "artifact": artifact, "as_of": as_of}
        key = f"past/{number}"
        stores.ledger.intend_version(key, run_key="past", timeline="live", **about)
        stores.ledger.record_version(key, version=str(number), mlflow_run_id="none")
        release = ReleaseRequest(
            key=key,
            version=str(number),
            predecessor=before,
            valid_from=as_of,
            actor=ACTOR,
            reason="a past is wanted",
            **about,
        )
        before = stores.ledger.release(release).id
