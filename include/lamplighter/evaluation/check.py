"""A check of the gate: what was measured, what was allowed, and the sentence that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lamplighter.contracts import Checked, Estimate
from lamplighter.evaluation.wording import count
from lamplighter.spec.checks import Rejects, Told

Section = Literal["slices", "fairness", "calibration", "cost", "size", "latency", "behaviour"]


@dataclass(frozen=True)
class Check:
    """One line of what the gate's checks found.

    Attributes
    ----------
    section : str
        The part of the spec's `gate` that asks for it.
    about : str
        Of what: a slice, two groups, a level, a feature.
    what : str
        What was measured.
    rows : int or None
        Of how many rows; None where rows do not matter.
    estimate : Estimate or None
        The number with its interval; None where it could not be measured.
    limit : float or None
        What it is held against.
    kept : bool or None
        Whether it rejects the candidate (False) or not (True); None where it is only shown.
    sentence : str
        The problem, or the note; empty where there is nothing to say.
    """

    section: Section
    about: str
    what: str
    rows: int | None
    estimate: Estimate | None
    limit: float | None = None
    kept: bool | None = None
    sentence: str = ""


def simultaneous(confidence: float, number: int, rejects: Rejects) -> float:
    """Return the coverage that each of some intervals needs for the section's promise to hold.

    Where an interval beyond its limit rejects, the chance of being wrong about any of them is
    shared out evenly (Bonferroni), so a candidate that keeps every limit is rejected with
    probability ``(1 - confidence) / 2`` at most. Where every interval has to lie within its limit,
    nothing is shared out: a candidate that breaks one limit passes only if that one interval is
    wrong (the intersection-union principle [1]_).

    References
    ----------
    .. [1] R. L. Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling",
       Technometrics 24, 1982.

    Examples
    --------
    >>> round(simultaneous(0.95, 10, "surely_beyond"), 4)
    0.995
    >>> simultaneous(0.95, 10, "not_surely_within")
    0.95
    """
    return 1 - (1 - confidence) / max(number, 1) if rejects == "surely_beyond" else confidence


def keeps(estimate: Estimate, limit: float, rejects: Rejects, *, least: bool = False) -> bool:
    """Say whether a number keeps its limit: the most that it may be, or the least.

    Examples
    --------
    >>> found = Estimate(value=0.3, lower=0.1, upper=0.5)
    >>> keeps(found, 0.2, "surely_beyond"), keeps(found, 0.2, "not_surely_within")
    (True, False)
    """
    if least:
        return (estimate.upper if rejects == "surely_beyond" else estimate.lower) >= limit
    return (estimate.lower if rejects == "surely_beyond" else estimate.upper) <= limit


def unmeasured(
    section: Section, about: str, what: str, rows: int, missing: Told, *, why: str
) -> Check:
    """Return the check of what is missing, too small, or has no such number."""
    consequence = "" if missing == "reject" else "; only noted"
    return Check(
        section,
        about,
        what,
        rows,
        None,
        kept=False if missing == "reject" else None,
        sentence=f"{about} {why} (gate.{section}.missing: {missing}{consequence})",
    )


def too_few(rows: int, least: int) -> str:
    """Say that there are too few rows, or none.

    >>> too_few(0, 100), too_few(12, 100)
    ('is missing from the hold-out', 'has 12 rows, 100 are needed')
    """
    if rows == 0:
        return "is missing from the hold-out"
    return f"has {count(rows, 'row')}, {least:,} are needed"


def problems_of(checks: Sequence[Check], *, most: int = 8) -> tuple[str, ...]:
    """Return the sentences of the checks that reject; of many, the first and how many more."""
    found = [_short(check.sentence, 400) for check in checks if check.kept is False]
    if len(found) <= most:
        return tuple(found)
    return (*found[:most], f"and {len(found) - most} more checks that failed, see the evaluation")


def compact(checks: Sequence[Check], *, most: int = 20) -> tuple[Checked, ...]:
    """Return what one step hands to the next of the checks that decide: failed ones first."""
    deciding = [check for check in checks if check.limit is not None or check.kept is False]
    deciding.sort(key=lambda check: check.kept is not False)
    return tuple(
        Checked(
            section=check.section,
            about=_short(check.about, 60),
            what=check.what,
            value=check.estimate.value if check.estimate else None,
            limit=check.limit,
            kept=check.kept,
        )
        for check in deciding[:most]
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."
