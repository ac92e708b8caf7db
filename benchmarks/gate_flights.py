"""How soon the gate finds a gain of .015 in AUC on flights, on real days with the production code.

    .venv/bin/python -m benchmarks.gate_flights [--every 10] [--json OUT]

Every tenth day from June to September 2013 a challenger (untuned XGBoost) is trained on all flights
until then. Champions of that day are weaker in a way that happens: trained some weeks or months
earlier, on a part of the rows, or without some of the features. Both predict the following days; a
pair counts if the challenger's AUC over them is better by .0125 to .0175. The daily differences of
log loss then go through `paired_evidence` and `decide`, night after night, the first with 14 days.
They do so again with their deviations from the mean shrunk to a third.

How to read it: `ratio` is the mean of the daily differences over their standard deviation, `lag1`
their correlation from day to day. Pairs share days and so are not independent: the shares are of
pairs, and an interval from a bootstrap over challengers stands beside them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.gate_budget import HELD_OUT, RULE, nights
from benchmarks.tuning.flights_set import flights
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from xgboost import XGBClassifier

from lamplighter.evaluation.daily_differences import lag1

_GAIN = (0.0125, 0.0175)
_FIRST, _LAST = datetime(2013, 6, 1, tzinfo=UTC), datetime(2013, 10, 1, tzinfo=UTC)
_AGES = (30, 45, 60, 75, 90)
_SHARES = (0.3, 0.2, 0.15, 0.12, 0.1, 0.08)
_LACKING = (
    ("dest_late_12h", "carrier_late_7d", "all_late_8h", "origin_delay_6h"),
    ("carrier_backlog", "origin_backlog", "origin_delay_2h", "carrier_delay_2h"),
)


@dataclass(frozen=True)
class Pair:
    """A champion and a challenger on the days after both were trained."""

    trained_until: str
    champion: str
    auc_gain: float
    mean: float
    ratio: float
    lag1: float
    night: float
    night_at_a_third: float


def main() -> None:
    """Train, compare, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=10, help="days between challengers")
    parser.add_argument("--json", type=Path, help="also write the pairs there")
    asked = parser.parse_args()
    world = World()
    pairs: list[Pair] = []
    until = _FIRST
    while until <= _LAST:
        pairs += world.pairs(until)
        until += timedelta(days=asked.every)
        print(f"{until:%Y-%m-%d}: {len(pairs)} pairs so far", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps([asdict(pair) for pair in pairs], indent=1) + "\n")
    near = [pair for pair in pairs if _GAIN[0] <= pair.auc_gain <= _GAIN[1]]
    print(f"\n{len(near)} of {len(pairs)} pairs have a gain of {_GAIN[0]} to {_GAIN[1]} in AUC")
    for name in ("auc_gain", "mean", "ratio", "lag1"):
        low, middle, high = np.quantile([getattr(pair, name) for pair in near], [0.1, 0.5, 0.9])
        print(f"  {name:9} median {middle:.4f}, 80 % of pairs within {low:.4f} and {high:.4f}")
    _show("promoted within 75 nights", near, [pair.night <= 75 for pair in near])
    _show(
        "and within 21, at a third of the standard deviation",
        near,
        [pair.night_at_a_third <= 21 for pair in near],
    )


def _show(what: str, pairs: list[Pair], found: list[bool]) -> None:
    table = pd.DataFrame({"challenger": [p.trained_until for p in pairs], "found": found})
    sums = table.groupby("challenger")["found"].agg(["sum", "count"]).to_numpy()
    rng = np.random.default_rng(0)
    drawn = sums[rng.integers(len(sums), size=(2_000, len(sums)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    share = f"{np.mean(found):.0%} ({low:.0%} to {high:.0%})"
    print(f"  {what}: {sum(found)} of {len(found)} pairs, {share}")


class World:
    """The flights of 2013, as the night trains on them, and models of them."""

    def __init__(self) -> None:
        rows = flights(datetime(2014, 1, 1, tzinfo=UTC))
        for name in ("carrier", "origin", "dest"):
            rows[name] = rows[name].astype("category")
        self.time = rows["prediction_time"]
        self.day = self.time.dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d").to_numpy()
        self.y = rows["late"].to_numpy()
        self.X = rows.drop(columns=["late", "prediction_time"])

    def pairs(self, until: datetime) -> Iterator[Pair]:
        """Yield the pairs of one challenger."""
        days = HELD_OUT + RULE.patience_days
        later = ((self.time >= until) & (self.time < until + timedelta(days=days))).to_numpy()
        challenger = self.predict(until, later)
        for name, champion in self.champions(until, later):
            daily = self.differences(champion, challenger, later)
            mean, deviation = float(daily.mean()), float(daily.std(ddof=1))
            y = self.y[later]
            yield Pair(
                trained_until=f"{until:%Y-%m-%d}",
                champion=name,
                auc_gain=float(roc_auc_score(y, challenger) - roc_auc_score(y, champion)),
                mean=mean,
                ratio=mean / deviation,
                lag1=lag1(daily) or 0.0,
                night=promoted_on(daily),
                night_at_a_third=promoted_on(mean + (daily - mean) / 3),
            )

    def champions(
        self, until: datetime, later: NDArray[np.bool_]
    ) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Yield weaker models: older ones, of fewer rows, of fewer features."""
        for days in _AGES:
            yield f"{days} days older", self.predict(until - timedelta(days=days), later)
        for share in _SHARES:
            yield f"of {share:.0%} of the rows", self.predict(until, later, share=share)
        for lacking in _LACKING:
            name = f"without {' and '.join(lacking)}"
            yield name, self.predict(until, later, lacking=lacking)

    def predict(
        self,
        until: datetime,
        later: NDArray[np.bool_],
        *,
        share: float = 1.0,
        lacking: tuple[str, ...] = (),
    ) -> NDArray[np.float64]:
        """Train on the rows before `until`, and predict the later ones."""
        X = self.X.drop(columns=list(lacking))
        drawn = np.random.default_rng(0).random(len(X)) < share
        rows = (self.time < until).to_numpy() & drawn
        model = XGBClassifier(
            n_estimators=150,
            learning_rate=0.08,
            max_depth=6,
            subsample=0.8,
            colsample_bytree=0.6,
            tree_method="hist",
            enable_categorical=True,
            random_state=0,
        ).fit(X[rows], self.y[rows])
        predicted: NDArray[np.float64] = model.predict_proba(X[later])[:, 1].astype(float)
        return predicted.clip(1e-6, 1 - 1e-6)

    def differences(
        self,
        champion: NDArray[np.float64],
        challenger: NDArray[np.float64],
        later: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Return the day's mean of the champion's log loss minus the challenger's."""
        y = self.y[later]
        gain = np.where(
            y == 1, np.log(challenger / champion), np.log1p(-challenger) - np.log1p(-champion)
        )
        return pd.Series(gain).groupby(self.day[later]).mean().to_numpy(dtype=float)


def promoted_on(daily: NDArray[np.float64]) -> float:
    """Return the night on which the gate promotes a challenger with these days; infinite: none."""
    for night, (ruling, _) in enumerate(nights(daily, RULE), start=1):
        if ruling.verdict == "promote":
            return night
    return float("inf")


if __name__ == "__main__":
    main()
