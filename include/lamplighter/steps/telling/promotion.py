"""The evidence of a promotion decision in sentences. What it does not hold is `unknown`.

The evidence is JSON that earlier versions wrote too, so that nothing in it is taken for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lamplighter.ledger import Decision
from lamplighter.steps.telling.told import UNKNOWN, interval, number, sentence


def judged_words(decision: Decision) -> str:
    """Say who was judged against whom."""
    challenger = decision.evidence.get("challenger")
    named = decision.candidate_version or (challenger if isinstance(challenger, str) else None)
    who = f"the challenger, version {named}" if named else "the night's own candidate"
    champion = decision.champion_version
    return f"{who}, against {f'version {champion}' if champion else 'nobody: no champion yet'}"


def evidence_sentences(decision: Decision) -> list[str]:
    """Tell the numbers that a verdict rests on, one subject after the other."""
    return [sentence(said) for tell in _SUBJECTS for said in tell(decision)]


def _paired(decision: Decision) -> Iterator[str]:
    found = decision.evidence.get("evidence")
    if decision.champion_version is None:
        yield "there was no champion to compare with, so there is no paired evidence"
        return
    if not isinstance(found, dict) or not found.get("blocks"):
        yield "paired evidence: none, no day was compared that neither model had seen"
        return
    days = f"{number(found.get('blocks'))} {_unit(found)}, {number(found.get('rows'))} rows"
    yield (
        f"evidence: {found.get('metric') or UNKNOWN} was lower by {interval(found.get('gain'))} on "
        f"{days}; p {number(found.get('p_value'))}, lag-1 correlation {number(found.get('lag1'))}"
    )


def _unit(found: dict[str, Any]) -> str:
    if found.get("first_block") is None:
        return "blocks"
    return f"days ({found['first_block']} to {found.get('last_block') or UNKNOWN})"


def _budget(decision: Decision) -> Iterator[str]:
    if decision.champion_version is None:
        return
    evidence = decision.evidence
    if "spent" not in evidence:
        yield "alpha spent of the year's budget of false promotions: unknown"
        return
    look = evidence.get("look")
    if isinstance(look, dict):
        yield (
            f"this night's look, at {number(look.get('days'))} days, spent alpha "
            f"{number(look.get('spent'))}; the looks so far, "
            f"{number(evidence.get('looks'))}, spent {number(evidence['spent'])} of the year's "
            "budget of false promotions"
        )
        yield (
            f"the gain lies {_errors(evidence.get('distance'))} what is not enough, where "
            f"{_errors(evidence.get('bound'))} it are asked for"
        )
    else:
        yield (
            "nobody looked at the evidence, so no alpha was spent; the looks before spent "
            f"{number(evidence['spent'])}"
        )


def _errors(found: Any) -> str:
    """Return on which side a number of standard errors lies, and how far.

    >>> _errors(-1.444), _errors(4.2), _errors(None)
    ('1.44 standard errors below', '4.20 standard errors above', 'unknown standard errors above')
    """
    far = UNKNOWN if number(found) == UNKNOWN else f"{abs(found):.2f}"
    below = far != UNKNOWN and found < 0
    return f"{far} standard errors {'below' if below else 'above'}"


def _metrics(decision: Decision) -> Iterator[str]:
    metrics = decision.evidence.get("metrics")
    if metrics == {} and decision.candidate_version:
        return  # a challenger was measured when it was trained
    if decision.evidence.get("refit_of"):
        yield "performance on the hold-out: none was measured, since a refit holds nothing out"
        return
    if not isinstance(metrics, dict) or not metrics:
        yield "performance on the hold-out: unknown"
        return
    each = (f"{name} {interval(found)}" for name, found in metrics.items())
    yield f"performance on the hold-out: {', '.join(each)}"


def _guards(decision: Decision) -> Iterator[str]:
    guards = decision.evidence.get("guards")
    if not isinstance(guards, list):
        yield f"guards: {UNKNOWN}"
    elif not guards:
        yield "guards: none were measured"
    for guard in guards if isinstance(guards, list) else ():
        worse, limit = guard.get("worse_by"), guard.get("limit")
        known = all(isinstance(part, int | float) for part in (worse, limit))
        kept = ("kept" if worse <= limit else "broken") if known else UNKNOWN
        yield (
            f"guard {guard.get('metric') or UNKNOWN}: {kept}, {number(guard.get('candidate'))} "
            f"against the champion's {number(guard.get('champion'))}, worse by {number(worse)} "
            f"where {number(limit)} is allowed"
        )


def _problems(decision: Decision) -> Iterator[str]:
    problems = decision.evidence.get("problems")
    if not isinstance(problems, list):
        yield f"sanity: {UNKNOWN}"
    else:
        yield f"sanity: {'; '.join(map(str, problems)) or 'no problem was found'}"


def _leaks(decision: Decision) -> Iterator[str]:
    found = decision.evidence.get("leakage")
    if not isinstance(found, dict):
        yield f"leaks: {UNKNOWN}, none were looked for"
        return
    warnings = "; ".join(map(str, found.get("warnings") or ())) or "no warning"
    accepted = ", ".join(f"{name} ({why})" for name, why in (found.get("accepted") or {}).items())
    yield (
        f"leaks, of {number(found.get('features'))} features looked at: {warnings}"
        f"{f'; accepted: {accepted}' if accepted else ''}"
    )


def _drift(decision: Decision) -> Iterator[str]:
    found = decision.evidence.get("drift")
    if not isinstance(found, dict) or found.get("against") is None:
        yield f"drift: {UNKNOWN}, there was nothing to compare with"
        return
    worst = [
        f"{column.get('column') or UNKNOWN} (PSI {number(column.get('psi'))})"
        for column in found.get("worst") or ()
        if isinstance(column, dict)
    ]
    yield (
        f"drift against the {str(found['against']).replace('_', ' ')}: "
        f"{number(found.get('drifted_columns'))} of {number(found.get('columns'))} columns"
        f"{', most of all ' + ', '.join(worst) if worst else ''}"
    )


def _how(decision: Decision) -> Iterator[str]:
    evidence = decision.evidence
    rehearsal = {True: "yes", False: "no", None: UNKNOWN}[evidence.get("dry_run")]
    yield f"the mode of the gate: {evidence.get('gate_mode') or UNKNOWN}; dry run: {rehearsal}"


_SUBJECTS: tuple[Callable[[Decision], Iterator[str]], ...] = (
    _paired,
    _budget,
    _guards,
    _metrics,
    _problems,
    _leaks,
    _drift,
    _how,
)
