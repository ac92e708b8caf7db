"""Whether a person has to approve what the gate would release. A pure function."""

from __future__ import annotations

from collections.abc import Sequence

from lamplighter.contracts import Guard
from lamplighter.spec.approval import Approval


def needs_approval(rule: Approval, *, guards: Sequence[Guard] = (), asked_by: str = "") -> str:
    """Say why a person has to approve a release; empty if nobody has to.

    Parameters
    ----------
    rule : Approval
        The spec's section `gate.approval`.
    guards : sequence of Guard
        The metrics that must not get worse, as they were measured.
    asked_by : str
        The written rule that asks whatever the section says, such as the one for a champion that
        does not load; empty if none does.

    Examples
    --------
    >>> close = Guard(metric="roc_auc", champion=0.71, candidate=0.701, worse_by=0.009, limit=0.01)
    >>> needs_approval(Approval(when="close_guard"), guards=[close])
    'the guard roc_auc is worse by 0.0090, close to the 0.01 that is allowed'
    >>> needs_approval(Approval(), guards=[close])
    ''
    """
    reasons = [asked_by] if asked_by else []
    if rule.when == "always":
        reasons.append("gate.approval.when is always")
    if rule.when == "close_guard":
        reasons += [_words(guard) for guard in guards if _is_close(guard, rule.close_fraction)]
    return "; ".join(reasons)


def _is_close(guard: Guard, close_fraction: float) -> bool:
    """Whether a guard is near its limit, or beyond it where the gate is off, or not measured."""
    return guard.worse_by is None or guard.worse_by >= close_fraction * guard.limit


def _words(guard: Guard) -> str:
    if guard.worse_by is None:
        return f"the guard {guard.metric} could not be measured for both models"
    return (
        f"the guard {guard.metric} is worse by {guard.worse_by:.4f}, close to the "
        f"{guard.limit:g} that is allowed"
    )
