"""What decisions cost a row, against a bound and against the champion's."""

from __future__ import annotations

from lamplighter.evaluation.check import Check, simultaneous
from lamplighter.evaluation.metrics import Metric
from lamplighter.evaluation.slices import Judged, conclude, measure_mean, worse_by
from lamplighter.spec.checks import Limit

_KEY = "gate.cost"


def judge_cost(
    rule: Limit, judged: Judged, *, metric: Metric, champions: Metric, confidence: float
) -> tuple[Check, ...]:
    """Hold the mean cost of a row against a spec's limits.

    Parameters
    ----------
    rule : Limit
        The spec's section `gate.cost`.
    judged : Judged
        Labels and predictions of the hold-out.
    metric, champions : Metric
        What a row costs by the candidate's decisions, and by the champion's.
    confidence : float
        Of the section as a whole; see `simultaneous`.

    Returns
    -------
    tuple of Check
        Without a champion, or without rows on which the two can be compared: the cost alone.
    """
    own, behind = measure_mean(metric, judged), worse_by(metric, champions, judged)
    compared = int(judged.compared.sum()) if judged.compared is not None else len(judged.y)
    measured = [
        (Check("cost", "", metric.name, len(judged.y), None, rule.bound), own),
        (Check("cost", "", f"{metric.name} worse by", compared, None, rule.worse_by), behind),
    ]
    deciding = sum(mean is not None and check.limit is not None for check, mean in measured)
    each = simultaneous(confidence, deciding, rule.reject)
    return tuple(
        conclude(check, mean.interval(each), rule, metric, key=_KEY)
        for check, mean in measured
        if mean is not None
    )
