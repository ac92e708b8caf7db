"""Fine-tuning: the champion's members, continued on rows that are newer than its training."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import xgboost
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import row_losses
from lamplighter.spec.search import Ensemble
from lamplighter.training.contest import as_loss
from lamplighter.training.ensemble import FittedEnsemble
from lamplighter.training.folds import Folds, Positions, TrainingSet
from lamplighter.training.limits import predicting_ms
from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows
from lamplighter.training.members.catalogue import fit_member
from lamplighter.training.members.mlp import MlpMember
from lamplighter.training.members.xgboost import MOST_OF_AFRESH, XGBoostMember
from lamplighter.training.predictor import Predictor
from lamplighter.training.room import Load, Room
from lamplighter.training.seeds import derive_seed
from lamplighter.training.threshold import Costs, fit_cost_rule

FINE_TUNING = "fine_tuning"
AFRESH = "trained_afresh"

CONTINUABLE: dict[str, type] = {"xgboost": XGBoostMember, "mlp": MlpMember}
"""Members that can be continued, by their algorithm; others stay as they are."""

_FEWEST_ROWS = 100
_NOISE = 1.0


@dataclass(frozen=True)
class Champion:
    """Who is continued: a version, and which training rows lie after its own training."""

    predictor: Predictor
    version: str
    newer: NDArray[np.bool_]


def fine_tune(
    fitted: FittedEnsemble,
    champion: Champion,
    data: TrainingSet,
    *,
    algorithms: Mapping[str, Algorithm],
    seed: int,
    threads: int,
    costs: Costs | None = None,
    settings: Ensemble | None = None,
    deadline: Callable[[], float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[str], None] = lambda sentence: None,
) -> FittedEnsemble:
    """Return the champion continued on newer rows, if that beats what was trained afresh.

    The two are compared on the newest fold: the one was fitted on all rows before it, the other is
    the champion, continued on those of these rows that are newer than its own training. Neither
    has seen the rows that judge. To be kept, the continued champion has to lose less by more than
    one standard error of the paired differences; it is then continued on all newer rows. It has to
    be done in the seconds that are left, and to keep the spec's limits on size and time; a booster
    ends with at most twice the rounds that it was trained afresh with.

    Parameters
    ----------
    fitted : FittedEnsemble
        What was trained afresh.
    data : TrainingSet
        What it was trained on, in time order.
    settings : Ensemble, optional
        The spec's section, for its limits.
    deadline : callable, optional
        Returns the seconds left.
    clock : callable, optional
        Measures how long it takes to predict, where the spec limits that.

    Returns
    -------
    FittedEnsemble
        `fitted` itself where the champion cannot be continued, or is no better; it is told why.
    """
    bounds = _Bounds(settings or Ensemble(), deadline, clock)
    try:
        return _compared(
            fitted, champion, data, algorithms, seed, threads, costs or {}, bounds, progress
        )
    except Exception as error:  # a champion that cannot go on is no lost night
        progress(f"champion version {champion.version} is not continued: {error}")
        return fitted


def _compared(
    fitted: FittedEnsemble,
    champion: Champion,
    data: TrainingSet,
    algorithms: Mapping[str, Algorithm],
    seed: int,
    threads: int,
    costs: Costs,
    bounds: _Bounds,
    progress: Callable[[str], None],
) -> FittedEnsemble:
    folds = Folds.of(data, seed=seed)
    trainer = _Trainer(folds, algorithms, seed, threads, bounds.seconds_left)
    trained, validated = folds.positions(folds.scored[-1])
    learnt = trained[champion.newer[trained]]
    usable = np.isin(fitted.judged_rows, validated) & champion.newer[fitted.judged_rows]
    judged = fitted.judged_rows[usable]
    why_not = _why_not(fitted, champion, folds, learnt=learnt, judged=judged)
    if why_not or fitted.out_of_fold is None:
        progress(f"champion version {champion.version} is not continued: {why_not}")
        return fitted
    task, y = data.task, folds.y[judged]
    newer = np.flatnonzero(champion.newer)
    begun = bounds.seconds_left()
    continued = trainer.go_on(champion.predictor, learnt)
    taken = begun - bounds.seconds_left() if begun < np.inf else 0.0
    why_not = bounds.why_not(taken * len(newer) / len(learnt))
    if why_not:
        progress(f"champion version {champion.version} is not continued: {why_not}")
        return fitted
    prediction = continued.predict(data.X.iloc[judged], threads=threads)
    losses = {
        FINE_TUNING: row_losses(task, y, prediction),
        AFRESH: row_losses(task, y, fitted.out_of_fold[usable]),
    }
    gain = losses[AFRESH] - losses[FINE_TUNING]
    told = {name: as_loss(task, of_rows) for name, of_rows in losses.items()}
    said = f"loss {told[FINE_TUNING]:.4f} continued, {told[AFRESH]:.4f} trained afresh"
    if not gain.mean() > _NOISE * gain.std() / np.sqrt(len(gain)):
        progress(f"champion version {champion.version} is not continued: {said}")
        return fitted
    final = trainer.go_on(champion.predictor, newer)
    beyond = bounds.beyond(final, data)
    if beyond:
        progress(f"champion version {champion.version} is not continued: it would need {beyond}")
        return fitted
    progress(f"champion version {champion.version} is continued: {said}")
    rule = (
        fit_cost_rule(costs, folds.target, y=y, prediction=prediction, in_time_order=True)
        if costs
        else None
    )
    return replace(
        fitted,
        predictor=replace(final, rule=rule, continued=champion.version),
        chosen=FINE_TUNING,
        losses=told,
        weights=dict(zip(final.names, final.combiner.weights(), strict=True)),
        trials={},
        selection=None,
    )


def _why_not(
    fitted: FittedEnsemble,
    champion: Champion,
    folds: Folds,
    *,
    learnt: Positions,
    judged: Positions,
) -> str:
    names = champion.predictor.names
    if champion.predictor.target != folds.target:
        return "its target or its classes are others"
    if not folds.in_time_order or fitted.out_of_fold is None:
        return "there is no later fold to judge it by"
    if not any(map(_can_go_on, names, champion.predictor.members)):
        grown = any(isinstance(m, XGBoostMember) for m in champion.predictor.members)
        often = f", or has {MOST_OF_AFRESH:g} times its first rounds already" if grown else ""
        return f"none of its members ({', '.join(names)}) can be{often}"
    if min(len(learnt), len(judged)) < _FEWEST_ROWS:
        return (
            f"{len(learnt)} rows newer than its training lie before the newest fold and "
            f"{len(judged)} in it, {_FEWEST_ROWS} of each are needed"
        )
    return ""


def _can_go_on(name: str, member: Member) -> bool:
    if isinstance(member, XGBoostMember) and member.is_full_grown:
        return False
    return isinstance(member, CONTINUABLE.get(_algorithm(name), ()))


def _algorithm(name: str) -> str:
    """Return the algorithm of a member's name, which may end in its place among its own."""
    stem, _, place = name.rpartition("_")
    return stem if stem and place.isdigit() else name


@dataclass(frozen=True)
class _Bounds:
    """What a continued champion may take and weigh."""

    settings: Ensemble
    deadline: Callable[[], float] | None
    clock: Callable[[], float]

    def seconds_left(self) -> float:
        return np.inf if self.deadline is None else self.deadline()

    def why_not(self, seconds: float) -> str:
        """Say why the final fit cannot be, if it takes so many seconds."""
        left = self.seconds_left()
        if left > 0 and seconds <= left:
            return ""
        return f"that takes about {seconds:.1f} s more, and {max(0.0, left):.1f} s are left"

    def beyond(self, predictor: Predictor, data: TrainingSet) -> str:
        """Say which limits of the spec a predictor is beyond."""
        size, latency = self.settings.max_size_mb, self.settings.max_latency_ms_per_1k
        if size is None and latency is None:
            return ""
        room = Room(members=len(predictor.members), size_mb=size or np.inf)
        load = Load(size_mb=len(predictor.to_bytes()) / 1e6)
        if latency is not None:
            room = replace(room, latency_ms=latency)
            load = replace(load, latency_ms=predicting_ms(predictor, data.X, clock=self.clock))
        return room.lacks(load)


@dataclass(frozen=True)
class _Trainer:
    folds: Folds
    algorithms: Mapping[str, Algorithm]
    seed: int
    threads: int
    seconds_left: Callable[[], float]

    def go_on(self, champion: Predictor, positions: Positions) -> Predictor:
        """Return a predictor whose members went on learning from some rows, where they can."""
        X, y = self.folds.data.X.iloc[positions], self.folds.y[positions]
        encoded = [encoder.transform(X) for encoder in champion.encoders]
        members = [
            self._continued(name, member, Rows(encoded[place], y))
            for name, member, place in zip(
                champion.names, champion.members, champion.encoder_of, strict=True
            )
        ]
        return replace(champion, members=tuple(members))

    def _continued(self, name: str, member: Member, rows: Rows) -> Member:
        algorithm = self.algorithms.get(_algorithm(name))
        if algorithm is None or not _can_go_on(name, member):
            return member
        params = dict(algorithm.defaults)
        if isinstance(member, XGBoostMember):
            params["categories"] = "native" if _splits_categories(member) else "ranked"
        fit = Fit(
            params=params,
            target=self.folds.target,
            seed=derive_seed(self.seed, "continue", name),
            threads=self.threads,
            seconds_left=None if self.seconds_left() == np.inf else self.seconds_left,
            start=member,
        )
        return fit_member(algorithm, rows, fit)


def _splits_categories(member: XGBoostMember) -> bool:
    booster = xgboost.Booster()
    booster.load_model(bytearray(member.model))
    return "c" in (booster.feature_types or [])
