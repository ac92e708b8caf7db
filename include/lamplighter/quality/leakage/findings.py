"""What the leakage check finds: one sentence per column, and whether it stops the night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that is, or looks like, a leak.

    Attributes
    ----------
    kind : str
        Which check found it, such as "decides the label".
    columns : tuple of str
        The features or key columns; none where it is about whole rows.
    severity : {"critical", "warning"}
        Critical stops the night.
    found, expected : str
        The numbers, and what an honest column would show.
    rows : int
        How many rows show it.
    """

    kind: str
    columns: tuple[str, ...]
    severity: Severity
    found: str
    expected: str
    rows: int

    def __str__(self) -> str:
        return f"{self.subject} {self.found}; {self.expected}"

    @property
    def subject(self) -> str:
        """The columns in words."""
        if len(self.columns) == 1:
            return f"feature {self.columns[0]!r}"
        return f"features {', '.join(map(repr, self.columns))}" if self.columns else "rows"


@dataclass(frozen=True)
class Accepted:
    """A finding that the spec has accepted by the column's name, with its reason."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Unfilled:
    """A column that is declared as filled in later than its row.

    Attributes
    ----------
    table, column, declared : str
        As the spec says: `declared` is a column of times, or a duration after the event.
    late_rows, rows : int
        Examples that are predicted before it is filled in, and all of them.
    """

    table: str
    column: str
    declared: str
    late_rows: int
    rows: int


@dataclass(frozen=True)
class LeakageReport:
    """All that was found in the examples of one night."""

    rows: int
    features: int
    findings: tuple[Finding, ...]
    accepted: tuple[Accepted, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What stops the night."""
        return tuple(f for f in self.findings if f.severity == "critical")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What a person should look at."""
        return tuple(f for f in self.findings if f.severity == "warning")

    def document(self) -> dict[str, Any]:
        """Return plain JSON values: `rows`, `features`, `findings`, `accepted`, `unused`."""
        return {
            "rows": self.rows,
            "features": self.features,
            "findings": [asdict(finding) for finding in self.findings],
            "accepted": [{**asdict(a.finding), "reason": a.reason} for a in self.accepted],
            "unused": dict(self.unused),
        }
