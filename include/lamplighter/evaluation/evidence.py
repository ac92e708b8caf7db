"""Evidence for the gate: paired losses of two models, block by block, with an honest interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lamplighter.contracts import Evidence
from lamplighter.evaluation.daily_differences import lag1, mean_of_differences
from lamplighter.evaluation.means import block_codes, mean_of_rows


def paired_evidence(
    losses_champion: ArrayLike,
    losses_candidate: ArrayLike,
    blocks: ArrayLike | None,
    *,
    metric: str,
    confidence: float = 0.95,
) -> Evidence:
    """Return how much lower the candidate's loss is, from paired losses on the same rows.

    A day counts once: its value is the mean difference over its rows, and the gain is the mean
    of the days. What varies from one day to the next is then seen in the interval, however many
    rows a day has.

    Parameters
    ----------
    losses_champion, losses_candidate : array_like of float, shape (n_rows,)
        Loss of each row under each model. Finite, smaller is better. Neither model may have
        been trained on these rows.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row, sortable in time; consecutive days may depend on each other. None: no
        time, so each row is a block, and rows are independent.
    metric : str
        Name of the loss, for the reader.
    confidence : float, default 0.95
        Coverage of the interval, between 0 and 1. Of two equally good models the interval lies
        above 0 with probability ``(1 - confidence) / 2`` at most.

    Returns
    -------
    Evidence
        `gain` is positive where the candidate is better. `p_value` is two-sided for a gain of 0,
        and below ``1 - confidence`` exactly when the interval leaves 0 out. `lag1` is the
        correlation of a day's difference with the next day's. All three are None below two
        blocks; `lag1` also without time, below three blocks and without variance.

    Examples
    --------
    >>> found = paired_evidence([0.6, 0.7, 0.5], [0.5, 0.5, 0.4], None, metric="log_loss")
    >>> found.blocks, round(found.gain.value, 3)
    (3, 0.133)
    """
    champion = np.asarray(losses_champion, dtype=float)
    difference = champion - np.asarray(losses_candidate, dtype=float)
    if not np.isfinite(difference).all():
        missing = int((~np.isfinite(difference)).sum())
        raise ValueError(
            f"{missing} of {difference.size} paired losses are not finite; compare models on rows "
            "that both can score"
        )
    codes, labels = block_codes(blocks, len(difference))
    rows = np.bincount(codes, minlength=len(labels))
    daily = np.bincount(codes, difference, len(labels)) / rows
    timed = blocks is not None
    mean = mean_of_differences(daily) if timed else mean_of_rows(daily)
    return Evidence(
        metric=metric,
        blocks=len(labels),
        rows=len(difference),
        gain=mean.interval(confidence) if mean else None,
        p_value=mean.p_value if mean else None,
        lag1=lag1(daily) if timed else None,
        standard_error=mean.standard_error if mean else None,
        degrees_of_freedom=mean.degrees_of_freedom if mean else None,
        first_block=str(labels[0]) if timed and len(labels) else None,
        last_block=str(labels[-1]) if timed and len(labels) else None,
    )
