"""Measure what was planned: score the past with what was known then, and judge it by its labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.data.past import Past
from lamplighter.features.build import build_features
from lamplighter.ledger.records import NO_CHAMPION, Judged
from lamplighter.spec import ModelSpec
from lamplighter.spec.ticks import Interval
from lamplighter.steps.historic.judge import Judge, open_judge
from lamplighter.steps.historic.plan import Wanted, foresight
from lamplighter.steps.night import Stores

Bools = npt.NDArray[np.bool_]
Say = Callable[[str], None]

BATCH_ROWS = 50_000
"""Examples whose features are in memory at once."""


def measure(
    stores: Stores, spec: ModelSpec, wanted: Sequence[Wanted], *, threads: int, say: Say
) -> list[Judged]:
    """Return the evaluations that were planned, in their order.

    The tables are read once. Features of each example hold what was known at its prediction, in
    hindsight what was known when its label had matured; labels are those known at the evaluation's
    knowledge time.

    Raises
    ------
    ArtifactError
        If the file of a version is missing, or is not the one that was registered.
    DataError
        If the lake lacks a table, or holds labels that contradict each other.
    """
    if not wanted:
        return []
    past = Past.read(spec, stores.lake, known_by=max(w.look.knowledge_time for w in wanted))
    judges = {
        version: open_judge(stores, spec, version, threads=threads)
        for version in dict.fromkeys(w.version for w in wanted)
        if version != NO_CHAMPION
    }
    found: dict[str, Judged] = {}
    for hindsight in (False, True):
        some = [w for w in wanted if w.look.hindsight == hindsight]
        if some:
            seen = past.in_hindsight(foresight(spec)) if hindsight else past
            scene = _Scene.of(seen, some)
            scene.score(judges, some, threads=threads, say=say)
            found |= {judged.key: judged for judged in scene.judged(past, judges, some)}
    return [found[w.key] for w in wanted]


@dataclass(frozen=True)
class _Scene:
    """The examples of some intervals, one interval after the other, and what each judge predicts.

    A version predicts only the rows of its own periods; elsewhere its predictions mean nothing.
    """

    past: Past
    examples: pd.DataFrame
    places: Mapping[Interval, slice]
    predictions: dict[str, np.ndarray]
    problems: dict[str, str]
    columns: dict[str, np.ndarray]

    @classmethod
    def of(cls, past: Past, wanted: Sequence[Wanted]) -> _Scene:
        intervals = sorted({w.interval for w in wanted}, key=lambda i: i.start)
        parts = list(_examples_of(past, intervals))
        ends = np.cumsum([len(part) for part in parts])
        places = {
            interval: slice(int(end) - len(part), int(end))
            for interval, part, end in zip(intervals, parts, ends, strict=True)
        }
        return cls(past, pd.concat(parts, ignore_index=True), places, {}, {}, {})

    def score(
        self,
        judges: Mapping[str, Judge],
        wanted: Sequence[Wanted],
        *,
        threads: int,
        say: Say,
    ) -> None:
        """Predict every row that some evaluation needs."""
        needed = {version: np.zeros(len(self.examples), dtype=bool) for version in judges}
        for w in wanted:
            if w.version in needed and not judges[w.version].problem:
                needed[w.version][self.places[w.interval]] |= self._own(w)
        view = self.past.view(as_of=max(interval.end for interval in self.places))
        score = partial(self._score, judges, needed, view=view, threads=threads)
        if self.past.spec.time is not None:
            whole = slice(0, len(self.examples))
            score(whole, view=view.bounded_by(self.examples), say=say)
        if self.past.spec.time is None or (view.read_whole and len(self.places) > 1):
            # What a table as a whole tells depends on who asks together: each interval alone then.
            for interval, place in self.places.items():
                alone = self.past.view(as_of=interval.end) if self.past.spec.time is None else view
                score(place, view=alone.bounded_by(self.examples[place]), say=lambda _: None)

    def judged(
        self, past: Past, judges: Mapping[str, Judge], wanted: Sequence[Wanted]
    ) -> Iterable[Judged]:
        """Yield each evaluation; the labels are those of `past`."""
        labels = self._labels(past, wanted)
        for w in wanted:
            place, own = self.places[w.interval], self._own(w)
            rows = self.examples[place][own]
            label = labels[w.interval, w.look.knowledge_time][own]
            labelled = label.notna().to_numpy()
            metrics, slices, about = {}, [], {}
            if w.version in judges:
                judge = judges[w.version]
                problem = judge.problem or self.problems.get(w.version, "")
                about = {"problem": problem, "trained_before": judge.rows_trained_before(rows)}
                if not problem and labelled.any():
                    prediction = self.predictions[w.version][place][own]
                    metrics = judge.metrics(label[labelled], prediction[labelled])
                    slices = judge.slices(self._columns(place, own), label, prediction)
            yield Judged(
                key=w.key,
                model=w.model,
                version=w.version,
                chosen_by=w.chosen_by,
                interval_start=w.interval.start,
                interval_end=w.interval.end,
                knowledge_time=w.look.knowledge_time,
                hindsight=w.look.hindsight,
                rows=len(rows),
                labelled_rows=int(labelled.sum()),
                metrics=metrics,
                slices=tuple(slices),
                details={
                    "periods": [[t.isoformat() for t in period] for period in w.periods],
                    "matured_rows": self._matured(rows, w.look.knowledge_time),
                    **about,
                },
            )

    def _score(
        self,
        judges: Mapping[str, Judge],
        needed: Mapping[str, Bools],
        place: slice,
        *,
        view: AsOfView,
        threads: int,
        say: Say,
    ) -> None:
        for first in range(place.start, place.stop, BATCH_ROWS):
            batch = slice(first, min(first + BATCH_ROWS, place.stop))
            asked = {v: rows[batch] for v, rows in needed.items() if rows[batch].any()}
            if not asked:
                continue
            examples = self.examples[batch].drop(columns="known_at")
            features = build_features(self.past.spec, examples, view)
            self._keep_columns(batch, examples, features, view)
            for version, mine in asked.items():
                unfit = judges[version].unfit_for(features)
                if unfit:
                    self.problems[version] = unfit
                    continue
                predicted = judges[version].scorer.predict(features[mine], threads=threads)
                if version not in self.predictions:
                    shape = (len(self.examples), *predicted.shape[1:])
                    self.predictions[version] = np.full(shape, np.nan)
                self.predictions[version][batch][mine] = predicted
            if place.stop - place.start > BATCH_ROWS:
                say(f"{batch.stop:,} of {len(self.examples):,} examples scored")

    def _keep_columns(
        self, batch: slice, examples: pd.DataFrame, features: pd.DataFrame, view: AsOfView
    ) -> None:
        """Keep what the spec cuts rows by: features, or what the examples' own rows said."""
        spec = self.past.spec
        cut = list(spec.gate.slices.by) if spec.gate.slices else []
        others = [name for name in cut if name not in features]
        said = view.announced(
            spec.data.examples_table,
            examples,
            columns=others,
            lead=spec.time.lead if spec.time else None,
        )
        for name in cut:
            kept = self.columns.setdefault(name, np.full(len(self.examples), None, dtype=object))
            kept[batch] = (said if name in others else features)[name].to_numpy(dtype=object)

    def _columns(self, place: slice, own: Bools) -> pd.DataFrame:
        kept = {name: values[place][own] for name, values in self.columns.items()}
        return pd.DataFrame(kept).infer_objects()

    def _own(self, w: Wanted) -> Bools:
        """Say which rows of its interval are of an evaluation's periods."""
        rows = self.examples[self.places[w.interval]]
        own = np.zeros(len(rows), dtype=bool)
        if self.past.spec.time is None:
            return ~own
        for start, end in w.periods:
            times = rows["prediction_time"]
            own |= ((times >= start) & (times < end)).to_numpy()
        return own

    def _labels(
        self, past: Past, wanted: Sequence[Wanted]
    ) -> dict[tuple[Interval, datetime], pd.Series]:
        """Look up the labels of all intervals together, time by time."""
        times: dict[Interval, list[datetime]] = {interval: [] for interval in self.places}
        for w in wanted:
            if w.look.knowledge_time not in times[w.interval]:
                times[w.interval].append(w.look.knowledge_time)
        found: dict[tuple[Interval, datetime], pd.Series] = {}
        for turn in range(max(map(len, times.values()))):
            some = {i: asked[turn] for i, asked in times.items() if turn < len(asked)}
            rows = pd.concat([self.examples[self.places[i]] for i in some])
            at = np.repeat(
                pd.DatetimeIndex(list(some.values())).as_unit("us"),
                [self.places[i].stop - self.places[i].start for i in some],
            )
            labels = past.labels(rows, pd.Series(at, index=rows.index))
            found |= {
                (i, time): labels.loc[self.places[i].start : self.places[i].stop - 1]
                for i, time in some.items()
            }
        return found

    def _matured(self, rows: pd.DataFrame, at: datetime) -> int:
        """Count the examples whose label is certainly known by a time."""
        time = self.past.spec.time
        if time is None:
            return len(rows)
        return int((rows["event_time"] + time.label_delay <= pd.Timestamp(at)).sum())


def _examples_of(past: Past, intervals: Sequence[Interval]) -> Iterable[pd.DataFrame]:
    """Yield each interval's examples that were known when it ended."""
    if past.spec.time is None:
        for interval in intervals:
            yield past.examples(start=interval.start, end=interval.end)
        return
    everything = past.examples(start=intervals[0].start, end=intervals[-1].end)
    times = everything["prediction_time"]
    for interval in intervals:
        first, last = times.searchsorted(
            pd.DatetimeIndex([interval.start, interval.end]), side="left"
        )
        rows = everything[first:last]
        yield rows[(rows["known_at"] <= pd.Timestamp(interval.end)).to_numpy()]
