"""How often drift is announced in ordinary weeks of flights, and by whom.

    .venv/bin/python benchmarks/drift_false_alarms.py [--draws 100]

Builds the features of all flights of 2013. Then draws nine weeks in a row and, of them, one that is
neither the first nor the last to play the current window; the other eight play what the champion
was trained on. Nothing has changed between them but which weeks they are: what is named is a false
alarm, or a week out of the ordinary. Judged by Lamplighter (`compare`, as in a night), by the same
tests as if rows were independent, and by the rule of thumb that a stability index above .25 is a
shift. At last the weeks in their own order, each against the eight before it, where the season is
real and storms and holidays come.

How to read it: `weeks with an alarm` should be about the false-discovery rate asked for, 5 %, but
for the error of that many draws, which is shown. `columns` is the mean number named in a week.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from lamplighter.contracts import Actor, RunRequest
from lamplighter.monitoring.drift import Comparison, compare
from lamplighter.monitoring.profile import Profile
from lamplighter.monitoring.usual import Usual
from lamplighter.spec import load_spec
from lamplighter.spec.model import Drift
from lamplighter.steps.drift_windows import DriftWindow, window_of_days
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.validate_data import validate_data

SPEC = Path(__file__).parents[1] / "include/models/flights.yaml"
NEW_YORK = ZoneInfo("America/New_York")
WEEK, REFERENCE_WEEKS = 7, 8
RULE = Drift()
ANY_EFFECT = Drift(psi=1e-9)
BY_THUMB = 0.25


def main() -> None:
    """Build the features, draw the weeks, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100)
    draws = parser.parse_args().draws
    with tempfile.TemporaryDirectory() as home:
        year = features_of_the_year(home)
    weeks = np.array_split(np.array(sorted(set(year.days or ())), dtype=object), 52)
    random = np.random.default_rng(0)
    began = time.monotonic()
    found = [judge(year, *one_of_nine(weeks, random)) for _ in range(draws)]
    seconds = (time.monotonic() - began) / max(len(found), 1)
    in_order = [
        judge(year, weeks[number - REFERENCE_WEEKS : number], weeks[number])
        for number in range(REFERENCE_WEEKS, len(weeks))
    ]
    print(f"{draws} weeks against the {REFERENCE_WEEKS} around them, {len(year.features.columns)} ")
    print(f"columns, {len(year):,} flights; {seconds:.2f} s a week, all judges together\n")
    print(f"{'judge':46} {'weeks with an alarm':>20} {'columns':>8}")
    for judge_name in found[0]:
        show(judge_name, [week[judge_name] for week in found])
    print(f"\n{len(in_order)} weeks in their order, each against the {REFERENCE_WEEKS} before it")
    for judge_name in in_order[0]:
        show(judge_name, [week[judge_name] for week in in_order])


def show(judge_name: str, named: list[int]) -> None:
    """Print one line of the table."""
    share = float(np.mean([number > 0 for number in named]))
    error = np.sqrt(max(share * (1 - share), 0.0) / len(named))
    print(f"{judge_name:46} {share:>11.1%} ± {error:>5.1%} {np.mean(named):>8.2f}")


def one_of_nine(
    weeks: list[np.ndarray], random: np.random.Generator
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw nine weeks in a row; return eight of them, and one from amid them."""
    first = int(random.integers(len(weeks) - REFERENCE_WEEKS))
    nine = weeks[first : first + REFERENCE_WEEKS + 1]
    left_out = int(random.integers(1, len(nine) - 1))
    return nine[:left_out] + nine[left_out + 1 :], nine[left_out]


def judge(year: DriftWindow, reference_weeks: list[np.ndarray], week: np.ndarray) -> dict[str, int]:
    """Return how many columns each judge names."""
    days = np.asarray(year.days, dtype=object)
    before, now = np.isin(days, np.concatenate(reference_weeks)), np.isin(days, week)
    reference = Profile.learn(year.features[before], list(days[before]))
    current = reference.count(year.features[now], list(days[now]))
    usual = Usual.against_the_rest(reference, days=WEEK)
    ours = compare(reference, current, rule=RULE, usual=usual)
    return {
        "Lamplighter": len(ours.drifted),
        "Lamplighter, any effect counts": named(reference, current, ANY_EFFECT, usual),
        "the same tests, rows taken as independent": rows_only(reference, current),
        f"PSI above {BY_THUMB}": sum(column.psi > BY_THUMB for column in ours.columns),
    }


def named(reference: Profile, current: Profile, rule: Drift, usual: Usual) -> int:
    """Return how many columns are named under another rule."""
    return len(compare(reference, current, rule=rule, usual=usual).drifted)


def rows_only(reference: Profile, current: Profile) -> int:
    """Return how many columns have a p-value below the rate if each row is a draw of its own."""
    found: Comparison = compare(reference, current, rule=RULE, usual=None)
    return sum((column.adjusted_p or 0.0) <= RULE.fdr for column in found.columns)


def features_of_the_year(home: str) -> DriftWindow:
    """Ingest the flights of 2013 into a lake of their own, and build their features."""
    lake = f"{home}/lake"
    stores = Stores.open(
        StorePaths(
            lake=lake,
            artifacts=f"{lake}/artifacts",
            ledger=f"sqlite:///{home}/ledger.db",
            mlflow=f"sqlite:///{home}/mlflow.db",
        )
    )
    as_of = datetime(2014, 1, 1, 12, tzinfo=NEW_YORK).astimezone(UTC)
    actor = Actor(name="benchmark", kind="os_user")
    resolve_spec(SPEC, RunRequest(as_of=as_of), run_id="benchmark", actor=actor, stores=stores)
    night = open_night("benchmark", stores)
    validate_data(night, ingest_data(night))
    return window_of_days(
        load_spec(SPEC),
        stores.lake,
        first=date(2013, 1, 1),
        last=date(2013, 12, 30),
        as_of=as_of,
    )


if __name__ == "__main__":
    main()
