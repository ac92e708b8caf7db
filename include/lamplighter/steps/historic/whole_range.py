"""Evaluate all days of a range in one process, reading the tables once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time

from lamplighter.errors import DataError, NoChampionError, UsageError
from lamplighter.evaluation.wording import count
from lamplighter.ledger.records import HistoricEvaluation
from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import Interval, evaluated_days
from lamplighter.steps.evaluate_interval import lake_reach
from lamplighter.steps.historic.measure import measure
from lamplighter.steps.historic.plan import CHAMPION, Wanted, checked_choice, looks_at, plan
from lamplighter.steps.night import Stores


def evaluate_range(
    stores: Stores,
    spec: ModelSpec,
    *,
    start: datetime,
    end: datetime,
    by: Sequence[str] = (CHAMPION,),
    knowledge_time: datetime | None = None,
    threads: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> list[HistoricEvaluation]:
    """Evaluate the days that begin in ``[start, end)``; return what the ledger now holds of them.

    The same evaluations as `evaluate_interval` makes day by day, under the same keys. The lake is
    read as it is.

    Parameters
    ----------
    by : sequence of str
        Who is judged: each one of ``champion``, ``current``, ``version:N``.

    Raises
    ------
    UsageError
        If there is no such day, or `by` names nobody.
    NoChampionError
        If only champions are asked for, and there was none on any of the days.
    DataError
        If the lake does not reach the end of the last day.
    """
    days = _days(spec, start, end)
    choices = [checked_choice(stores.ledger, spec.model, choice) for choice in dict.fromkeys(by)]
    releases = stores.ledger.releases(spec.model)
    if choices == [CHAMPION] and (not releases or releases[0].valid_from >= days[-1].end):
        since = f" before {releases[0].valid_from.isoformat()}" if releases else " yet"
        raise NoChampionError(
            f"{spec.model} had no champion{since}, so there is nobody to judge from "
            f"{days[0].start.isoformat()} to {days[-1].end.isoformat()}; choose later days, or "
            "judge a version by its number"
        )
    reach = lake_reach(stores, spec)
    needed = max(days[-1].end, knowledge_time or days[-1].end)
    if reach < needed:
        raise DataError(
            f"the lake knows {spec.model} only until {reach.isoformat()}, and this evaluation "
            f"needs it until {needed.isoformat()}; let a night ingest that far first, or choose "
            "earlier days"
        )
    looks = [(day, looks_at(spec, day, reach=reach, knowledge_time=knowledge_time)) for day in days]
    wanted = [w for choice in choices for w in plan(spec, releases, looks, by=choice)]
    stored = stores.ledger.evaluation_keys([w.key for w in wanted])
    missing = [w for w in wanted if w.key not in stored]
    all_in_all = f"{count(len(days), 'day')}, {count(len(wanted), 'evaluation')}"
    say(f"{all_in_all}, {len(missing):,} of them to be made")
    judged = measure(stores, spec, missing, threads=threads, say=say)
    stores.ledger.record_evaluations(judged)
    return _stored(stores, spec, days, wanted)


def _days(spec: ModelSpec, start: datetime, end: datetime) -> list[Interval]:
    if end <= start:
        raise UsageError(
            f"the range ends at {end.isoformat()}, not after {start.isoformat()}, where it begins; "
            "choose a later end"
        )
    if spec.time is not None:
        begins = datetime.combine(spec.time.start, time(), tzinfo=spec.zone)
        if start < begins:
            raise UsageError(
                f"{start.isoformat()} lies before {begins.isoformat()}, where the data of "
                f"{spec.model} begins (time.start); choose a later beginning"
            )
    days = evaluated_days(spec, start, end)
    if not days:
        raise UsageError(
            f"no day of {spec.model} begins from {start.isoformat()} to {end.isoformat()}; choose "
            "a longer range"
        )
    return days


def _stored(
    stores: Stores, spec: ModelSpec, days: Sequence[Interval], wanted: Sequence[Wanted]
) -> list[HistoricEvaluation]:
    keys = {w.key for w in wanted}
    found = stores.ledger.evaluations(spec.model, start=days[0].start, end=days[-1].end)
    return [evaluation for evaluation in found if evaluation.key in keys]
