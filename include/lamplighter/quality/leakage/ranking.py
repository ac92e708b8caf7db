"""How well a score puts rows in the label's order."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from lamplighter.quality.leakage.rows import Bools, Floats


def roc_auc(positive: Bools, scores: Floats) -> float:
    """Return the area under the ROC curve; ties count half.

    >>> roc_auc(np.array([False, False, True, True]), np.array([1.0, 2.0, 2.0, 3.0]))
    0.875
    """
    hits = int(positive.sum())
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (len(scores) - hits)))


def area_error(area: float, hits: int, others: int) -> float:
    """Return the standard error of an area under the ROC curve.

    References
    ----------
    .. [1] J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver
       operating characteristic (ROC) curve", Radiology 143, 1982.
    """
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (hits - 1) * (q1 - area**2) + (others - 1) * (q2 - area**2)
    return float(np.sqrt(max(spread, 0.0) / (hits * others)))


def correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation; 0 where one of them does not vary."""
    spread = float(np.std(x) * np.std(y))
    if not np.isfinite(spread) or spread == 0:
        return 0.0
    return float(np.mean((x - x.mean()) * (y - y.mean())) / spread)
