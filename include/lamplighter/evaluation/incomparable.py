"""The written rules for a champion that can be compared with nobody: broken, or of another target.

Pure functions. That the candidate is sane, and better than the base rate, was found before.
"""

from __future__ import annotations

from typing import Literal

from lamplighter.contracts import Estimate
from lamplighter.evaluation.gate import Ruling
from lamplighter.spec.gate import Gate

Incomparable = Literal["broken_champion", "changed_target"]


def decide_without_comparison(
    kind: Incomparable,
    problem: str,
    gate: Gate,
    *,
    candidate: Estimate | None = None,
    last_known: Estimate | None = None,
    metric: str = "",
) -> tuple[Ruling, str]:
    """Return the ruling on a sane candidate, and why a person has to approve it; empty if not.

    Such a champion is no measure, so the candidate is to replace it, by the approval of a person
    unless the spec says `promote`. Instead of a broken champion's predictions there is what it
    came to when it was last measured; a candidate that is surely worse than that is put before
    a person in any case. The two were measured on other days, so this warns and does not decide.

    Parameters
    ----------
    problem : str
        What is wrong with the champion.
    candidate, last_known : Estimate, optional
        The candidate's loss on tonight's hold-out, and the champion's on the hold-out on which it
        was judged.
    metric : str
        The name of that loss.

    Examples
    --------
    >>> ruling, asked_by = decide_without_comparison(
    ...     "changed_target", "champion version 2 predicts a.x, and now a.y", Gate()
    ... )
    >>> ruling.verdict, asked_by
    ('promote', 'champion version 2 predicts a.x, and now a.y (gate.on_changed_target)')
    """
    sane = "the candidate is sane and better than the base rate"
    if kind == "changed_target":
        asked = "" if gate.on_changed_target == "promote" else f"{problem} (gate.on_changed_target)"
        return Ruling("promote", f"{problem}: nothing to compare with; {sane}"), asked
    known = ""
    if candidate is not None and last_known is not None:
        known = f"; its {metric} is {candidate}, the champion's was {last_known} when last measured"
    asked = "" if gate.on_broken_champion == "promote" else f"{problem} (gate.on_broken_champion)"
    if not asked and candidate and last_known and candidate.lower > last_known.upper:
        asked = f"the candidate is surely worse than the champion was when last measured{known}"
    return Ruling("promote", f"{problem}; {sane}{known}"), asked
