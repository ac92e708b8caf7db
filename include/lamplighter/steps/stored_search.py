"""Tonight's search as the ledger stores it: any worker pulls the next trial from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from typing import Any

from lamplighter.contracts import ExamplesRef
from lamplighter.data.artifacts import ArtifactStore
from lamplighter.data.splits import training_folds
from lamplighter.ledger import Ledger
from lamplighter.ledger.searches import KNOWLEDGE_TIME
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Night
from lamplighter.steps.replay.really_trained import take_over
from lamplighter.training.folds import TrainingSet
from lamplighter.training.packed import pack, unpack
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord

ABANDONED_AFTER = timedelta(hours=1)
"""How long a worker may be silent about a trial before another one takes it over."""

NIGHTS_BEFORE = 5
"""How many of the last searches a warm start goes by."""

AFTER_DRIFT = 0.5
"""What of their trials is believed on a night that found drift."""

WORKERS, THREADS = "workers", "threads"
CANDIDATE = "candidate"
"""Under this name the result of a search holds the candidate that it came to."""

WARM_START_FROM, BELIEVED = "warm_start_from", "warm_start_believed"

_FIELDS = tuple(field.name for field in fields(TrialRecord))


@dataclass(frozen=True)
class LedgerTrials:
    """The trial store that a search pulls from: trials in the ledger, predictions in the lake."""

    ledger: Ledger
    artifacts: ArtifactStore
    key: str
    limit: int | None
    warm_start_from: tuple[str, ...] = ()
    believed: float = 1.0

    def earlier(self) -> list[list[TrialRecord]]:
        """Return the trials of the searches that this one begins from, the newest search first."""
        return [replace(self, key=key).trials() for key in self.warm_start_from]

    def trials(self) -> list[TrialRecord]:
        """Return every trial that has ended, in the order of their indices."""
        return [
            TrialRecord(**{name: getattr(trial, name) for name in _FIELDS})
            for trial in self.ledger.trials(self.key)
        ]

    def claim(self, worker: int) -> int | None:
        """Take the next trial; None once the budget in trials is used up."""
        return self.ledger.claim_trial(
            self.key, worker=worker, limit=self.limit, abandoned_after=ABANDONED_AFTER
        )

    def claims_of(self, index: int) -> int:
        """Return how often a trial was given out; more than once if workers died over it."""
        return self.ledger.claims_of(self.key, index)

    def add(self, trial: TrialRecord, predictions: Sequence[Floats] | None = None) -> None:
        """Store a trial that has ended, after what it predicted out of fold.

        The first one to end stands: of a worker that was taken for dead and ends later, or of one
        that is tried again while it still runs, neither loss nor predictions are kept.
        """
        ended = any(stored.index == trial.index for stored in self.ledger.trials(self.key))
        if predictions is not None and not ended:
            self.artifacts.write(self._predictions_key(trial.index), pack(predictions))
        self.ledger.add_trial(self.key, **asdict(trial))

    def predictions(self, index: int) -> tuple[Floats, ...] | None:
        """Return what a trial predicted out of fold, a part for each fold; None: not kept."""
        found = self.artifacts.find(self._predictions_key(index))
        return None if found is None else unpack(self.artifacts.read(found))

    def _predictions_key(self, index: int) -> str:
        return f"{self.key}/trial-{index}.predictions"


def search_key(night: Night, examples: ExamplesRef) -> str:
    """Name tonight's search by its data, its settings and its budget."""
    run, search = night.run, night.spec.search
    champion = night.champion() if night.spec.ensemble.fine_tune else None
    return night.work_key(
        "search",
        examples.artifact.digest,
        run.budget_s,
        run.trials,
        search.seed,
        *examples.features,
        *([champion.artifact.digest] if champion else []),
    )


def open_search(night: Night, examples: ExamplesRef, *, workers: int | None = None) -> LedgerTrials:
    """Open tonight's search, or find the one that is already open.

    Whoever comes first writes down what the search begins from, and all others go by that: so a
    search that is resumed begins from the same trials, whatever has ended in between.

    Parameters
    ----------
    workers : int, optional
        How many share it and the machine's cores; as the spec says unless given.
    """
    key = search_key(night, examples)
    settings: dict[str, Any] = {
        **night.spec.search.model_dump(mode="json"),
        "budget_s": night.run.budget_s,
        "trials": night.run.trials,
        WORKERS: workers or night.spec.search.workers,
        THREADS: search_threads(night, workers),
        "data": examples.artifact.digest,
        KNOWLEDGE_TIME: night.run.knowledge_time.isoformat(),
        WARM_START_FROM: _nights_before(night),
        BELIEVED: AFTER_DRIFT if _drifted(night) else 1.0,
    }
    stored = night.ledger.open_search(
        key,
        model=night.run.model,
        as_of=night.run.as_of,
        timeline=night.run.timeline,
        settings=settings,
    )
    take_over(night, key, settings, candidate=CANDIDATE)
    return LedgerTrials(
        night.ledger,
        night.artifacts,
        key,
        night.run.trials,
        warm_start_from=tuple(stored.settings.get(WARM_START_FROM) or ()),
        believed=float(stored.settings.get(BELIEVED, 1.0)),
    )


def _nights_before(night: Night) -> list[str]:
    """Return the searches of nights before this one, on its own timeline.

    No later ones, ever, and none that knew labels which came later than those of this night. In a
    replay all searches begin cold: which nights were before is then a matter of the policy.
    """
    if not night.spec.search.warm_start or night.stores.replayed:
        return []
    run = night.run
    return night.ledger.finished_before(
        run.model,
        timeline=run.timeline,
        as_of=run.as_of,
        known_until=run.knowledge_time,
        limit=NIGHTS_BEFORE,
    )


def _drifted(night: Night) -> bool:
    """Say whether tonight's decision to train met columns that had drifted."""
    run = night.run
    decisions = night.ledger.decisions(
        run.model, timeline=run.timeline, kind="retraining", run_key=run.run_key, limit=1
    )
    drift = decisions[0].evidence.get("drift") if decisions else None
    return bool(drift and drift["drifted_columns"])


def search_threads(night: Night, workers: int | None = None) -> int:
    """Return how many threads each of the workers has."""
    return max(1, night.threads // (workers or night.spec.search.workers))


def search_seed(night: Night) -> int:
    """Return the seed of tonight's search: every trial's derives from it and the trial's index."""
    search, run = night.spec.search, night.run
    return derive_seed(search.seed, run.model, run.as_of.isoformat(), search.method)


def training_set(night: Night, frame: NightExamples) -> TrainingSet:
    """Return the rows that tonight's members are fitted on, with their folds."""
    return TrainingSet(
        X=frame.features(frame.training, frame.kept),
        y=frame.labels(frame.training),
        folds=training_folds(night.spec, frame.training),
        task=night.spec.task,
        features=night.spec.features,
    )
