"""A trial: one member's parameters, tried on the folds, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class TrialRecord:
    """One trial that has ended. JSON can hold it.

    Attributes
    ----------
    index : int
        Place in the search, from 0.
    params : dict
        What the member was fitted with, and for boosters the `rounds` that early stopping found.
    loss : float or None
        Out-of-fold loss, smaller is better; None when the trial failed or was pruned.
    seconds : float
        What it took, encoding excluded.
    status : {"ok", "failed", "pruned"}
        Pruned is a trial that was given up because it could not win any more.
    error : str
        Why it failed, or was pruned.
    folds : tuple of float
        The loss on each fold it was scored on, in the order of the folds.
    fidelity : float in (0, 1]
        Share of the rows, or of the boosting rounds, that it was given.
    """

    index: int
    algorithm: str
    params: dict[str, Any]
    loss: float | None
    seconds: float
    status: Literal["ok", "failed", "pruned"]
    error: str = ""
    worker: int = 0
    folds: tuple[float, ...] = ()
    fidelity: float = 1.0


def ranked(trials: Iterable[TrialRecord]) -> list[tuple[float, TrialRecord]]:
    """Return the trials that gave a loss, best first; among equals the earlier one."""
    with_loss = [(trial.loss, trial) for trial in trials if trial.loss is not None]
    return sorted(with_loss, key=lambda pair: (pair[0], pair[1].index))


def most_complete(trials: Iterable[TrialRecord]) -> list[TrialRecord]:
    """Return the trials of the highest fidelity that gave a loss; of others losses do not compare.

    Examples
    --------
    >>> of_a_part = TrialRecord(0, "linear", {}, 0.4, 1.0, "ok", fidelity=1 / 3)
    >>> whole = TrialRecord(1, "linear", {}, 0.5, 3.0, "ok")
    >>> [trial.index for trial in most_complete([of_a_part, whole])]
    [1]
    """
    with_loss = [trial for trial in trials if trial.loss is not None]
    most = max((trial.fidelity for trial in with_loss), default=1.0)
    return [trial for trial in with_loss if trial.fidelity == most]


def why_nothing_succeeded(trials: Sequence[TrialRecord]) -> str:
    """Return in a sentence why a search found nothing."""
    reasons = sorted({f"{trial.algorithm}: {trial.error}" for trial in trials})
    if not reasons:
        return "the search holds no trial; run tune_model first, or give it a larger budget"
    return (
        f"all {len(trials)} trials failed ({'; '.join(reasons[:3])}); look at the features, "
        "or choose other search.algorithms"
    )
