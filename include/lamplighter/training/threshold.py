"""The decision of least expected cost: which class to act on, given what each mistake costs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lamplighter.errors import SpecError
from lamplighter.training.cross_fit import turns
from lamplighter.training.target import Floats, Target

NEVER = 2.0
"""A threshold that no probability reaches; finite, because the ledger's JSON knows no infinity."""

_FEWEST_ROWS = 30

Costs = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class CostRule:
    """What deciding costs, and how to decide.

    Attributes
    ----------
    costs : ndarray of float, shape (n_classes, n_classes)
        By true class, then by decided class.
    threshold : float or None
        For two classes: the positive one is decided from this probability on; `NEVER` if it is
        never worth it.
    """

    costs: Floats = field(compare=False)
    threshold: float | None

    def decide(self, prediction: Floats) -> np.ndarray:
        """Return the number of the class to decide for, shape (n_rows,)."""
        if self.threshold is not None:
            return np.asarray(prediction >= self.threshold, dtype=np.intp)
        return np.asarray((prediction @ self.costs).argmin(axis=1))

    def row_costs(self, y: Floats, prediction: Floats) -> Floats:
        """Return what deciding by a prediction costs on each row."""
        return np.asarray(self.costs[y.astype(np.intp), self.decide(prediction)])


def cost_matrix(costs: Costs, target: Target) -> Floats:
    """Return a spec's costs as a matrix by true and decided class; what is not named is free.

    Raises
    ------
    SpecError
        If a class is named that the target does not have.

    Examples
    --------
    >>> cost_matrix({"1": {"0": 50.0}, "0": {"1": 2.0}}, Target("binary", (0, 1))).tolist()
    [[0.0, 2.0], [50.0, 0.0]]
    """
    numbers = {class_name(label): number for number, label in enumerate(target.classes)}
    matrix = np.zeros((len(target), len(target)))
    for truth, row in costs.items():
        for decided, cost in row.items():
            for label in (truth, decided):
                if label not in numbers:
                    raise SpecError(_unknown(label, list(numbers)))
            matrix[numbers[truth], numbers[decided]] = cost
    return matrix


def refuse_idle_costs(costs: Costs, target: Target) -> None:
    """Raise a `SpecError` if one decision costs least whatever is true, so nothing is decided.

    Examples
    --------
    >>> refuse_idle_costs({"1": {"0": 50.0}, "0": {"1": 2.0}}, Target("binary", (0, 1)))
    """
    matrix = cost_matrix(costs, target)
    least = np.flatnonzero((matrix == matrix.min(axis=1, keepdims=True)).all(axis=0))
    if costs and len(least):
        label = class_name(target.classes[least[0]])
        raise SpecError(
            f"decision.costs makes deciding for {label!r} cost least whatever is true, so every "
            "row would get it; what is not named costs nothing, so name what each mistake costs"
        )


def class_name(label: object) -> str:
    """Return a class as specs and decisions write it; a whole number is written as one.

    >>> [class_name(label) for label in (1.0, 20130701.0, 0.5, "late", True)]
    ['1', '20130701', '0.5', 'late', 'True']
    """
    whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if whole else str(label)  # type: ignore[call-overload]


def fit_cost_rule(
    costs: Costs,
    target: Target,
    *,
    y: Floats | None = None,
    prediction: Floats | None = None,
    in_time_order: bool = False,
) -> CostRule:
    r"""Return the rule of least expected cost.

    With :math:`c_{ij}` the cost of deciding *j* where *i* is true, the class of least
    :math:`\sum_i P(i) c_{ij}` is decided [1]_; for two classes that is the positive one from

    .. math:: P(1) \ge \frac{c_{01} - c_{00}}{c_{01} - c_{00} + c_{10} - c_{11}}

    on. Where probabilities err, another threshold costs less: the one that was cheapest on the
    out-of-fold rows is taken if, on rows it was not chosen on, it is cheaper by more than one
    standard error.

    Parameters
    ----------
    y, prediction : ndarray, optional
        Of rows that the members were not fitted on, oldest first where there is time. Without
        them the probabilities are believed.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001.
    """
    matrix = cost_matrix(costs, target)
    if target.task != "binary":
        return CostRule(matrix, None)
    rule = CostRule(matrix, expected_threshold(matrix))
    if y is None or prediction is None or len(y) < _FEWEST_ROWS:
        return rule
    parts = list(turns(len(y), in_time_order=in_time_order))
    saved = np.concatenate(
        [
            rule.row_costs(y[turn.judged], prediction[turn.judged])
            - CostRule(
                matrix, cheapest_threshold(matrix, y[turn.learnt], prediction[turn.learnt])
            ).row_costs(y[turn.judged], prediction[turn.judged])
            for turn in parts
        ]
    )
    noise = float(saved.std()) / np.sqrt(len(saved))
    if saved.mean() > noise:
        return CostRule(matrix, cheapest_threshold(matrix, y, prediction))
    return rule


def expected_threshold(costs: Floats) -> float:
    """Return the probability of the positive class from which deciding for it costs less.

    `NEVER` where the positive class is never worth it, 0 where it always is.
    """
    false_alarm, miss = costs[0, 1] - costs[0, 0], costs[1, 0] - costs[1, 1]
    if miss <= 0:
        return NEVER if false_alarm > 0 or miss < 0 else 0.5
    if false_alarm <= 0:
        return 0.0
    return float(false_alarm / (false_alarm + miss))


def cheapest_threshold(costs: Floats, y: Floats, p: Floats) -> float:
    """Return the threshold that would have cost least on some rows; midway between two of them."""
    order = np.argsort(-p, kind="stable")
    ranked, positive = p[order], y[order] == 1
    saved = np.where(positive, costs[1, 0] - costs[1, 1], costs[0, 0] - costs[0, 1])
    total = np.concatenate([[0.0], np.cumsum(saved)])
    # A threshold cannot part rows of equal probability.
    allowed = np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    best = int(np.argmax(np.where(allowed, total, -np.inf)))
    if best == 0:
        return NEVER
    return float((ranked[best - 1] + ranked[best]) / 2) if best < len(p) else 0.0


def _unknown(label: str, known: list[str]) -> str:
    near = difflib.get_close_matches(label, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"the target has {', '.join(known[:10])}"
    return f"decision.costs names the class {label!r}, which no training row has; {hint}"
