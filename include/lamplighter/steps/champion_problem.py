"""Whether tonight's champion can be used: it may predict something else, or not load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from lamplighter.errors import RETRYABLE, LamplighterError
from lamplighter.ledger import Release
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night
from lamplighter.training.scorer import Scorer

ProblemKind = Literal["changed_target", "broken_champion"]


class ChampionProblem(Exception):
    """Why the champion is no measure for tonight's candidate, and which written rule follows."""

    def __init__(self, kind: ProblemKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


def champion_problem(night: Night) -> str:
    """Say why tonight's champion cannot be used; empty if it can, or if there is none.

    It predicts another target than the spec, its file is missing or is not the one that was
    judged, it was written in a format that cannot be read, or its golden rows score otherwise
    since libraries were upgraded.

    Raises
    ------
    LamplighterError
        If a store does not answer, which says nothing about the champion.
    """
    champion = night.champion()
    if champion is None:
        return ""
    try:
        load_champion(night, champion)
    except ChampionProblem as problem:
        return problem.sentence
    return ""


def load_champion(night: Night, champion: Release) -> Scorer:
    """Load the champion to compare with.

    Raises
    ------
    ChampionProblem
        If it predicts something else, or does not load.
    """
    said = what_else_it_predicts(night, champion.version)
    if said:
        raise ChampionProblem(
            "changed_target", f"champion version {champion.version} predicts {said}"
        )
    with broken_if_it_fails(champion, "does not load"):
        return load_version(night.stores, night.run.model, champion.version, threads=night.threads)


@contextmanager
def broken_if_it_fails(champion: Release, what: str) -> Iterator[None]:
    """Take an error of ours for the champion's, unless a store only did not answer."""
    try:
        yield
    except LamplighterError as error:
        if isinstance(error, RETRYABLE):
            raise
        raise ChampionProblem(
            "broken_champion", f"champion version {champion.version} {what}: {error}"
        ) from error
