"""The final fit: whole members, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamplighter.training.final_fit import FinalFit
from lamplighter.training.folds import Folds
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.trial import TrialRecord
from lamplighter.training.workshop import Workshop
from learnable import learnable


@dataclass
class Clock:
    left: float

    def __call__(self) -> float:
        return self.left


@dataclass
class Grown:
    rounds: int

    def predict(self, X, *, threads):
        return np.full(len(X), 0.5)


def final_fit(clock: Clock, *, seconds_a_round: float, expected: float) -> FinalFit:
    def fit(rows: Rows, fit: Fit) -> Grown:
        grown = 0
        while grown < fit.params["rounds"]:
            if fit.seconds_left is not None and fit.seconds_left() <= 0:
                break
            clock.left -= seconds_a_round
            grown += 1
        return Grown(grown)

    folds = Folds.of(learnable(rows=400), seed=0)
    workshop = Workshop(folds, {"slow": Algorithm("slow", {}, ({},), fit)}, seed=0, threads=1)
    share = folds.training_rows(folds.scored) / len(folds.y)
    trials = {
        name: TrialRecord(n, "slow", {"rounds": 100}, 0.5, expected * share, status="ok")
        for n, name in enumerate(["first", "second"])
    }
    return FinalFit(workshop, trials, clock, progress=lambda sentence: None)


def test_the_first_member_is_grown_whole_even_if_it_takes_longer_than_is_left():
    work = final_fit(Clock(3.0), seconds_a_round=0.05, expected=10.0)
    work.fit_all(["first", "second"])
    assert list(work.fitted) == ["first"]
    assert work.fitted["first"].member.rounds >= 100


def test_a_further_member_that_was_stopped_in_the_middle_takes_no_part():
    clock = Clock(100.0)
    work = final_fit(clock, seconds_a_round=0.1, expected=10.0)
    work.fit_all(["first"])
    clock.left = 1_000.0
    work.trials["second"] = work.trials["first"]

    def stopped(rows: Rows, fit: Fit) -> Grown:
        return Grown(40)

    work.workshop.algorithms = {"slow": Algorithm("slow", {}, ({},), stopped)}
    work.fit_all(["second"])
    assert list(work.fitted) == ["first"]
    assert work.broken == {"second": "it was not done when the time was up"}
