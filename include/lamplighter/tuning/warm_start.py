"""Warm start: what earlier searches of the same model have found, put to use tonight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from lamplighter.training.space import Space, lies_in
from lamplighter.training.trial import TrialRecord, ranked

MOST_INHERITED = 60
"""Trials that are handed on from one night to the next, the best of them."""

_FOUND = "rounds"
"""A parameter that a fit finds by itself, and that is no dimension of a space."""


def inherited_trials(
    searches: Sequence[Sequence[TrialRecord]],
    *,
    spaces: Mapping[str, Space],
    keep_fraction: float = 1.0,
) -> list[TrialRecord]:
    """Return the trials of earlier searches that tonight's search can go by, the best first.

    They get negative indices, -1 the best. Trials of algorithms or points that tonight's spaces do
    not hold are left out, and so is what did not see all rows. Losses count from the best one of
    the same search: on another night the same point has another loss.

    Parameters
    ----------
    searches : sequence of sequences of TrialRecord
        The own trials of each earlier search, the newest search first.
    keep_fraction : float in [0, 1]
        What of them is believed. After drift it is less than 1: the best points are still tried
        first, while the worse ones no longer keep the search away from where it did not pay.
    """
    usable: dict[object, TrialRecord] = {}
    level: float | None = None
    for trials in searches:
        own = ranked(t for t in trials if t.index >= 0 and t.fidelity == 1.0)
        for loss, trial in own:
            level = loss if level is None else level
            params = {name: value for name, value in trial.params.items() if name != _FOUND}
            if trial.algorithm in spaces and lies_in(spaces[trial.algorithm], params):
                moved = replace(trial, params=params, loss=loss - own[0][0] + level)
                usable.setdefault(_point(moved), moved)
    best_first = [trial for _, trial in ranked(usable.values())]
    kept = best_first[: round(min(len(best_first), MOST_INHERITED) * keep_fraction)]
    return [replace(trial, index=-place) for place, trial in enumerate(kept, start=1)]


def at_tonights_level(
    inherited: Sequence[TrialRecord], tonight: Sequence[TrialRecord]
) -> list[TrialRecord]:
    """Move inherited losses by the median change of the points that tonight's search tried again.

    One night's hold-out is easier than another's: without it, every point of an easy night would
    look better than any of tonight's. Until a point was tried again, none is comparable, and the
    inherited trials serve as starting points only.
    """
    again = {_point(trial): trial.loss for trial in tonight if trial.loss is not None}
    shifts = [
        again[_point(trial)] - trial.loss
        for trial in inherited
        if trial.loss is not None and _point(trial) in again
    ]
    if not shifts:
        return []
    shift = float(np.median(shifts))
    return [replace(t, loss=t.loss + shift) for t in inherited if t.loss is not None]


def _point(trial: TrialRecord) -> tuple[str, frozenset[tuple[str, object]]]:
    return trial.algorithm, frozenset(
        (name, value) for name, value in trial.params.items() if name != _FOUND
    )
