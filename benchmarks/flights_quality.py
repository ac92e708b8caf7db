"""How good a night of flights is, against untuned XGBoost on the same features.

    .venv/bin/python benchmarks/flights_quality.py [--budget-s 60]

Does the night as of 2013-07-01 in a home of its own, with labels known until 2013-07-03: then the
hold-out is the last fortnight of June, whole and matured. No row of it is seen in training. Then
fits XGBoost twice without tuning on the very rows and features that the night trained on, and
scores all three on the very rows of the hold-out. Prints AUC, log loss and seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from xgboost import XGBClassifier

from lamplighter.contracts import Actor, RunRequest
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.whole_night import Listener, run_night

SPEC = Path(__file__).parents[1] / "include/models/flights.yaml"
NEW_YORK = ZoneInfo("America/New_York")
UNTUNED = {
    "XGBoost, its defaults": {},
    "XGBoost, 100 rounds at rate .1": {"learning_rate": 0.1, "n_estimators": 100},
}


class Clock(Listener):
    """Prints each step with the seconds since the start."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def began(self, step: str) -> None:
        print(f"{time.monotonic() - self.start:7.1f} s  {step}")


def main() -> None:
    """Run the night and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-s", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        lake = f"{home}/lake"
        stores = Stores.open(
            StorePaths(
                lake=lake,
                artifacts=f"{lake}/artifacts",
                ledger=f"sqlite:///{home}/ledger.db",
                mlflow=f"sqlite:///{home}/mlflow.db",
            )
        )
        report = run_night(
            SPEC,
            RunRequest(
                as_of=datetime(2013, 7, 1, tzinfo=NEW_YORK),
                knowledge_time=datetime(2013, 7, 3, tzinfo=NEW_YORK),
                budget_s=arguments.budget_s,
            ),
            run_id="benchmark",
            actor=Actor(name="benchmark", kind="os_user"),
            stores=stores,
            listener=Clock(),
        )
        stored = stores.artifacts.find(_examples_key(Path(lake)))
        assert stored is not None
        frame = stores.artifacts.read_frame(stored)
    print("\n".join(report.sentences))
    examples = NightExamples.of(frame, kept=())
    metrics = report.details["metrics"]
    rows = [("Lamplighter's night", metrics["roc_auc"]["value"], metrics["log_loss"]["value"], "")]
    rows += [_untuned(name, settings, examples) for name, settings in UNTUNED.items()]
    days = examples.holdout["block"]
    print(f"\nhold-out {days.min()} to {days.max()}, {len(days):,} rows; one fit uses two threads")
    print(pd.DataFrame(rows, columns=["model", "AUC", "log loss", "fit s"]).to_string(index=False))


def _examples_key(lake: Path) -> str:
    (path,) = lake.rglob("examples-*.parquet")
    relative = path.relative_to(lake / "artifacts")
    return str(relative.with_name(path.stem.rpartition("-")[0] + path.suffix))


def _untuned(name: str, settings: dict[str, float], examples: NightExamples) -> tuple[object, ...]:
    training, holdout = (
        examples.features(part).astype({c: "category" for c in ("carrier", "origin", "dest")})
        for part in (examples.training, examples.holdout)
    )
    for column in ("carrier", "origin", "dest"):
        holdout[column] = holdout[column].cat.set_categories(training[column].cat.categories)
    model = XGBClassifier(tree_method="hist", enable_categorical=True, n_jobs=2, **settings)
    began = time.monotonic()
    model.fit(training, examples.labels(examples.training))
    seconds = time.monotonic() - began
    predicted = model.predict_proba(holdout)[:, 1]
    y = examples.labels(examples.holdout)
    return name, roc_auc_score(y, predicted), log_loss(y, predicted), round(seconds, 1)


if __name__ == "__main__":
    main()
