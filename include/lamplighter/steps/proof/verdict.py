"""What comparing a version with its repetition says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Cause = Literal["data", "environment", "code", "nondeterminism", "unknown"]
Verdict = Literal["identical", "equivalent", "different", "data purged"]

TOLERANCE = 1e-3
"""Predictions that differ by less count as equivalent: as probabilities, or as a share of the
standard deviation of predicted values."""

CAUSES: tuple[Cause, ...] = ("data", "environment", "code")
"""What may differ, in the order in which it is named."""


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was, in a sentence."""

    cause: Cause
    what: str


@dataclass(frozen=True)
class Reproduction:
    """The answer: a verdict, and what it rests on.

    Attributes
    ----------
    differences : tuple of Difference
        All that differs, what is named first first; also where the result is the same.
    within : float or None
        By how much predictions differ at most; None where none were compared.
    notes : tuple of str
        What could not be looked at, and why.
    origin : str
        Where the trials came from that the members were fitted by.
    """

    model: str
    version: str
    verdict: Verdict
    cause: Cause | None
    reason: str
    digest_then: str
    digest_now: str | None = None
    within: float | None = None
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    origin: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """The verdict in a few words."""
        if self.verdict == "equivalent":
            return f"equivalent (within {self.within:.2g})"
        return f"different: {self.cause}" if self.verdict == "different" else self.verdict

    @property
    def same(self) -> bool:
        """Whether the version was reproduced."""
        return self.verdict in ("identical", "equivalent")

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "model": self.model,
            "version": self.version,
            "answer": self.answer,
            "verdict": self.verdict,
            "cause": self.cause,
            "reason": self.reason,
            "artifact_digest": self.digest_then,
            "artifact_digest_now": self.digest_now,
            "within": self.within,
            "tolerance": TOLERANCE,
            "differences": [{"cause": d.cause, "what": d.what} for d in self.differences],
            "notes": list(self.notes),
            "fitted_by": self.origin,
            **self.facts,
        }


def why_different(
    differences: tuple[Difference, ...], *, first_otherwise: str, known: bool
) -> Difference:
    """Name the first thing that differs, where the same fit came to something else.

    Parameters
    ----------
    first_otherwise : str
        What of the model itself differs first.
    known : bool
        Whether it is known under what the version was fitted. If not, that nothing seems to
        differ proves nothing.
    """
    for cause in CAUSES:
        for difference in differences:
            if difference.cause == cause:
                return difference
    if not known:
        what = f"it is not known under what it was fitted; {first_otherwise}"
        return Difference("unknown", what)
    what = f"data, packages and code are the same, and yet {first_otherwise}"
    return Difference("nondeterminism", what)
