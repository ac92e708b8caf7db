"""Fine-tuning: the champion's members, continued on rows that are newer than its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import xgboost
from numpy.typing import NDArray

from lamplighter.evaluation.metrics import row_losses
from lamplighter.training.contest import as_loss
from lamplighter.training.ensemble import FittedEnsemble
from lamplighter.training.folds import Folds, Positions, TrainingSet
from lamplighter.training.members.algorithm import Algorithm, Fit, Member, Rows
from lamplighter.training.members.catalogue import fit_member
from lamplighter.training.members.mlp import MlpMember
from lamplighter.training.members.xgboost import XGBoostMember
from lamplighter.training.predictor import Predictor
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
    progress: Callable[[str], None] = lambda sentence: None,
) -> FittedEnsemble:
    """Return the champion continued on newer rows, if that beats what was trained afresh.

    The two are compared on the newest fold: the one was fitted on all rows before it, the other is
    the champion, continued on those of these rows that are newer than its own training. Neither
    has seen the rows that judge. To be kept, the continued champion has to lose less by more than
    one standard error of the paired differences; it is then continued on all newer rows.

    Parameters
    ----------
    fitted : FittedEnsemble
        What was trained afresh.
    data : TrainingSet
        What it was trained on, in time order.

    Returns
    -------
    FittedEnsemble
        `fitted` itself where the champion cannot be continued, or is no better; it is told why.
    """
    try:
        return _compared(fitted, champion, data, algorithms, seed, threads, costs or {}, progress)
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
    progress: Callable[[str], None],
) -> FittedEnsemble:
    folds = Folds.of(data, seed=seed)
    trainer = _Trainer(folds, algorithms, seed, threads)
    trained, validated = folds.positions(folds.scored[-1])
    learnt = trained[champion.newer[trained]]
    usable = np.isin(fitted.judged_rows, validated) & champion.newer[fitted.judged_rows]
    judged = fitted.judged_rows[usable]
    why_not = _why_not(fitted, champion, folds, learnt=learnt, judged=judged)
    if why_not or fitted.out_of_fold is None:
        progress(f"champion version {champion.version} is not continued: {why_not}")
        return fitted
    task, y = data.task, folds.y[judged]
    continued = trainer.go_on(champion.predictor, learnt)
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
    progress(f"champion version {champion.version} is continued: {said}")
    final = trainer.go_on(champion.predictor, np.flatnonzero(champion.newer))
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
        return f"none of its members ({', '.join(names)}) can be"
    if min(len(learnt), len(judged)) < _FEWEST_ROWS:
        return (
            f"{len(learnt)} rows newer than its training lie before the newest fold and "
            f"{len(judged)} in it, {_FEWEST_ROWS} of each are needed"
        )
    return ""


def _can_go_on(name: str, member: Member) -> bool:
    return isinstance(member, CONTINUABLE.get(_algorithm(name), ()))


def _algorithm(name: str) -> str:
    """Return the algorithm of a member's name, which may end in its place among its own."""
    stem, _, place = name.rpartition("_")
    return stem if stem and place.isdigit() else name


@dataclass(frozen=True)
class _Trainer:
    folds: Folds
    algorithms: Mapping[str, Algorithm]
    seed: int
    threads: int

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
            start=member,
        )
        return fit_member(algorithm, rows, fit)


def _splits_categories(member: XGBoostMember) -> bool:
    booster = xgboost.Booster()
    booster.load_model(bytearray(member.model))
    return "c" in (booster.feature_types or [])
