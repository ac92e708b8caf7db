"""Step evaluate_interval: say how whoever was champion then did, by what was known then."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from lamplighter.contracts import EvaluatedInterval, EvaluatedVersion
from lamplighter.errors import DataError
from lamplighter.ledger.records import NO_CHAMPION, Judged
from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import Interval, evaluated_day
from lamplighter.steps.historic.measure import measure
from lamplighter.steps.historic.plan import (
    CHAMPION,
    Look,
    checked_choice,
    foresight,
    looks_at,
    plan,
)
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, Stores
from lamplighter.steps.validate_data import validate_data

log = logging.getLogger(__name__)

_LOOKED_BACK = timedelta(days=31)
"""How long after their labels matured intervals are caught up with that nobody recomputed."""


def evaluate_interval(night: Night, *, by: str = CHAMPION) -> EvaluatedInterval:
    """Evaluate the day that ended by the night's `as_of`, and write the result into the ledger.

    Each example is judged by the version that was champion at its prediction time, with features
    as known then: once by the labels known when the day ended, and once by those known when all
    of them had matured, with the same in hindsight beside it. Of days before, whose labels have
    matured since they were evaluated, that is done too. What the ledger holds is not done again,
    so the order in which days are evaluated, and how often, changes nothing.

    A night on the live timeline brings the lake up to its `as_of` first. A simulated one, such
    as a backfill, reads the lake as it is, and writes nothing but evaluations.

    Parameters
    ----------
    by : str
        Who is judged: ``champion`` of each moment, ``current`` (today's champion, whatever the
        day), or ``version:N``.

    Raises
    ------
    DataError
        If the lake does not reach the end of the day, or its labels contradict each other.
    ArtifactError
        If the file of a version is missing, or is not the one that was registered.
    UsageError
        If `by` names nobody, or the night's `knowledge_time` lies before the day's end.
    """
    spec, run, ledger = night.spec, night.run, night.ledger
    by = checked_choice(ledger, run.model, by)
    interval = evaluated_day(spec, run.as_of)
    asked = run.knowledge_time if run.knowledge_time != run.as_of else None
    reach = _bring_up(night, max(interval.end, asked or interval.end))
    own = looks_at(spec, interval, reach=reach, knowledge_time=asked)
    looks = [(interval, own)]
    if by == CHAMPION and asked is None:
        looks = [*_matured_since(night, interval, reach=reach), *looks]
    wanted = plan(spec, ledger.releases(run.model), looks, by=by)
    stored = ledger.evaluation_keys([w.key for w in wanted])
    missing = [w for w in wanted if w.key not in stored]
    judged = measure(night.stores, spec, missing, threads=night.threads, say=night.say)
    ledger.record_evaluations(judged)
    keys = {w.key for w in wanted if w.interval == interval}
    found = ledger.evaluations(run.model, start=interval.start, end=interval.end, chosen_by=by)
    rows = [evaluation for evaluation in found if evaluation.key in keys]
    for row in rows:
        night.say(said_of(row, loss=spec.loss))
    caught_up = sorted({w.interval.start for w in missing if w.interval != interval})
    for start in caught_up:
        night.say(f"the labels of the day from {start.isoformat()} have matured; evaluated again")
    log.info("%s: %d evaluations from %s", run.model, len(judged), interval.start.isoformat())
    return EvaluatedInterval(
        model=run.model,
        start=interval.start,
        end=interval.end,
        chosen_by=by,
        versions=tuple(_in_short(row, spec.loss) for row in rows),
        caught_up=tuple(caught_up),
        written=len(judged),
    )


def lake_reach(stores: Stores, spec: ModelSpec) -> datetime:
    """Return until when the lake knows all tables of a model.

    Raises
    ------
    DataError
        If a table was never ingested.
    """
    reached = {name: stores.lake.ingested_until(spec.model, name) for name in spec.data.tables}
    never = [name for name, until in reached.items() if until is None]
    if never:
        raise DataError(
            f"the lake holds no table {never[0]} of {spec.model} yet, so there is nothing to "
            "evaluate; run a night first, which ingests it"
        )
    return min(until for until in reached.values() if until is not None)


def said_of(row: Judged, *, loss: str) -> str:
    """Say an evaluation in a sentence."""
    day = f"{row.interval_start:%Y-%m-%d %H:%M %Z}"
    if row.version == NO_CHAMPION:
        return f"{day}: no champion, {row.rows:,} examples judged by nobody"
    known = f"labels known at {row.knowledge_time:%Y-%m-%d %H:%M}"
    how = f"{known}, in hindsight" if row.hindsight else known
    if row.details.get("problem"):
        return f"{day}: {row.details['problem']}"
    value = row.metrics.get(loss, {}).get("value")
    figure = "nothing to measure" if value is None else f"{loss} {value:.4f}"
    return (
        f"{day}: version {row.version}, {figure} ({row.labelled_rows:,} of {row.rows:,} examples "
        f"labelled; {how})"
    )


def _bring_up(night: Night, until: datetime) -> datetime:
    """Return how far the lake reaches; a live night lets it reach its own time first."""
    spec, stores = night.spec, night.stores
    if night.run.timeline == "live":
        reached = [stores.lake.ingested_until(spec.model, name) for name in spec.data.tables]
        if any(known is None or known < until for known in reached):
            validate_data(night, ingest_data(night))
    reach = lake_reach(stores, spec)
    if reach < until:
        raise DataError(
            f"the lake knows {spec.model} only until {reach.isoformat()}, and this evaluation "
            f"needs it until {until.isoformat()}; a backfill ingests nothing, so let a "
            "night ingest that far first, or choose earlier days"
        )
    return reach


def _matured_since(
    night: Night, interval: Interval, *, reach: datetime
) -> list[tuple[Interval, list[Look]]]:
    """Return the days before that are in the ledger, with the looks their labels now allow."""
    spec = night.spec
    oldest = interval.start - foresight(spec) - _LOOKED_BACK
    found = night.ledger.evaluations(
        night.run.model, start=oldest, end=interval.start, chosen_by=CHAMPION
    )
    days = sorted({(row.interval_start, row.interval_end) for row in found})
    looks = []
    for day in (Interval(start, end) for start, end in days):
        later = [
            look
            for look in looks_at(spec, day, reach=reach, knowledge_time=None)
            if look.knowledge_time > day.end
        ]
        looks += [(day, later)] if later else []
    return looks


def _in_short(row: Judged, loss: str) -> EvaluatedVersion:
    return EvaluatedVersion(
        version=row.version,
        knowledge_time=row.knowledge_time,
        hindsight=row.hindsight,
        rows=row.rows,
        labelled_rows=row.labelled_rows,
        loss=row.metrics.get(loss, {}).get("value"),
    )
