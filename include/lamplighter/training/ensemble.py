"""Tonight's ensemble: the best members of the search, combined if that is truly better.

Members are compared on predictions for rows that they were not fitted on, and combinations on rows
that neither they nor their members were fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamplighter.errors import TrainingError
from lamplighter.features.encode import FrameEncoder
from lamplighter.training.combine import Blend, Combiner
from lamplighter.training.contest import Contest, OutOfFold, judge
from lamplighter.training.folds import Fold, Folds, TrainingSet, finite_prediction
from lamplighter.training.members.algorithm import Fit, Member, Rows
from lamplighter.training.members.catalogue import fit_member
from lamplighter.training.predictor import Predictor
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.trial import TrialRecord, ranked, why_nothing_succeeded

__all__ = ["FittedEnsemble", "TrainingSet", "fit_ensemble"]

JUDGED_ROWS = 25_000
"""Out-of-fold rows that are enough to fit a handful of weights and to judge them."""

_CHECKED_ROWS = 1_000

_SHARE_OF_TRIAL = 0.6
"""What a fit of given rounds costs, a row, against a trial's, which also watches validation rows
and runs past its best round (measured .5 for XGBoost and .6 for histogram boosting)."""

Entrants = dict[str, TrialRecord]


@dataclass(frozen=True)
class FittedEnsemble:
    """The predictor and the contest it won.

    Attributes
    ----------
    chosen : str
        Name of the winner: a member, "blending" or "stacking".
    losses : dict of str to float
        Loss of each member and of each combination on the same rows, smaller is better. Where
        there was no contest: of the chosen one in the search.
    weights : dict of str to float
        How much each member counts in the winner.
    """

    predictor: Predictor
    chosen: str
    losses: dict[str, float]
    weights: dict[str, float]


def fit_ensemble(
    data: TrainingSet,
    trials: Sequence[TrialRecord],
    *,
    methods: Sequence[str],
    members_per_algorithm: int,
    seed: int,
    threads: int,
    deadline: Callable[[], float] | None = None,
    progress: Callable[[str], None] = lambda sentence: None,
) -> FittedEnsemble:
    """Fit the best members on all rows, alone or combined.

    Parameters
    ----------
    data : TrainingSet
        Rows, targets and folds.
    trials : sequence of TrialRecord
        What the search found.
    methods : sequence of {"blending", "stacking"}
        Combinations to try. One must beat the best single member by more than a tie.
    members_per_algorithm : int
        How many trials of each algorithm take part.
    seed : int
        The search's seed; a member's own derives from it and its trial.
    threads : int
        Most threads to use.
    deadline : callable, optional
        Returns the seconds left. Members that would take longer are left out, the best never is.
    progress : callable, optional
        Told in a sentence what happens.

    Raises
    ------
    TrainingError
        If no trial succeeded, or no member can be fitted.
    """
    entrants = _entrants(trials, members_per_algorithm=members_per_algorithm)
    folds = Folds.of(data, seed=seed)
    workshop = _Workshop(folds, seed=seed, threads=threads, progress=progress)
    if deadline is not None:
        entrants = workshop.affordable(entrants, seconds_left=deadline())
    contest = workshop.hold_contest(entrants, methods=methods)
    return workshop.fit_winner(contest, entrants)


def _entrants(trials: Iterable[TrialRecord], *, members_per_algorithm: int) -> Entrants:
    """Return the best trials of each algorithm by name, best first."""
    taken: Entrants = {}
    count: dict[str, int] = {}
    for _, trial in ranked(trials):
        place = count.get(trial.algorithm, 0) + 1
        if place <= members_per_algorithm:
            count[trial.algorithm] = place
            taken[trial.algorithm if place == 1 else f"{trial.algorithm}_{place}"] = trial
    if not taken:
        raise TrainingError(why_nothing_succeeded(list(trials)))
    return taken


@dataclass(frozen=True)
class _Workshop:
    folds: Folds
    seed: int
    threads: int
    progress: Callable[[str], None]

    @property
    def contested(self) -> tuple[int, ...]:
        return self.folds.newest(at_least=2, rows=JUDGED_ROWS)

    def affordable(self, entrants: Entrants, *, seconds_left: float) -> Entrants:
        """Leave out whom there is no time for, judged by what the trials took; never the best."""
        rows = len(self.folds.y) + self.folds.training_rows(self.contested)
        effort = _SHARE_OF_TRIAL * rows / self.folds.training_rows(self.folds.scored) / self.threads
        taken: Entrants = {}
        for name, trial in entrants.items():
            seconds = trial.seconds * effort
            if taken and seconds > seconds_left:
                self.progress(
                    f"{name} takes no part: it needs about {seconds:.0f} s, "
                    f"{max(0.0, seconds_left):.0f} s are left"
                )
                continue
            taken[name] = trial
            seconds_left -= seconds
        return taken

    def hold_contest(self, entrants: Entrants, *, methods: Sequence[str]) -> Contest:
        numbers = self.contested
        if len(entrants) > 1 and len(numbers) > 1:
            parts = [self.folds.encode(number) for number in numbers]
            predictions = {
                name: predicted
                for name, trial in entrants.items()
                if (predicted := self._out_of_fold(name, trial, parts)) is not None
            }
            if len(predictions) > 1:
                found = OutOfFold(
                    task=self.folds.target.task,
                    y=tuple(part.validation.y for part in parts),
                    predictions=predictions,
                    in_time_order=self.folds.in_time_order,
                )
                return judge(found, methods=methods)
        in_search = {name: loss for name, trial in entrants.items() if (loss := trial.loss)}
        return Contest(in_search, winner=next(iter(entrants)), combiner=None)

    def fit_winner(self, contest: Contest, entrants: Entrants) -> FittedEnsemble:
        """Fit on all rows; should the winner break there, the next best single member."""
        encoder = FrameEncoder.fit(self.folds.data.X)
        rows = Rows(encoder.transform(self.folds.data.X), self.folds.y)
        reasons = []
        for chosen, names, combiner in _succession(contest, entrants):
            try:
                members = tuple(self._checked_fit(name, entrants[name], rows) for name in names)
            except Exception as error:
                reasons.append(f"{chosen}: {error}")
                self.progress(f"{chosen} could not be fitted on all rows: {error}")
                continue
            predictor = Predictor(
                target=self.folds.target,
                encoder=encoder,
                members=members,
                names=names,
                combiner=combiner,
            )
            weights = dict(zip(names, combiner.weights(), strict=True))
            return FittedEnsemble(predictor, chosen, contest.losses, weights)
        raise TrainingError(
            f"no member could be fitted on all {len(rows)} rows ({'; '.join(reasons[:3])})"
        )

    def _out_of_fold(
        self, name: str, trial: TrialRecord, parts: Sequence[Fold]
    ) -> tuple[Floats, ...] | None:
        self.progress(f"{name}: predicting {len(parts)} folds")
        try:
            return tuple(
                finite_prediction(
                    name, self._fit(trial, part.train), part.validation, threads=self.threads
                )
                for part in parts
            )
        except Exception as error:  # one broken member is no lost night
            self.progress(f"{name} takes no part: {error}")
            return None

    def _checked_fit(self, name: str, trial: TrialRecord, rows: Rows) -> Member:
        self.progress(f"{name}: fitting on all {len(rows):,} rows")
        member = self._fit(trial, rows)
        finite_prediction(name, member, rows.head(_CHECKED_ROWS), threads=self.threads)
        return member

    def _fit(self, trial: TrialRecord, rows: Rows) -> Member:
        fit = Fit(
            params=trial.params,
            target=self.folds.target,
            seed=derive_seed(self.seed, "fit", trial.index),
            threads=self.threads,
        )
        return fit_member(trial.algorithm, rows, fit)


def _succession(
    contest: Contest, entrants: Entrants
) -> Iterator[tuple[str, tuple[str, ...], Combiner]]:
    if contest.combiner is not None:
        names = tuple(name for name in contest.losses if name in entrants)
        yield contest.winner, *_without_idle_members(names, contest.combiner)
    singles = [name for name in entrants if name in contest.losses]
    rest = [name for name in entrants if name not in contest.losses]
    for name in sorted(singles, key=lambda name: contest.losses[name]) + rest:
        yield name, (name,), Blend((1.0,))


def _without_idle_members(
    names: tuple[str, ...], combiner: Combiner
) -> tuple[tuple[str, ...], Combiner]:
    if not isinstance(combiner, Blend):
        return names, combiner
    busy = [(name, share) for name, share in zip(names, combiner.shares, strict=True) if share]
    return tuple(name for name, _ in busy), Blend(tuple(share for _, share in busy))
