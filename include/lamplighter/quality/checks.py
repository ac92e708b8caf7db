"""What a check is, before and after it was run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "warning"]
Subject = Literal["schema", "rows", "live", "days", "earlier_days", "newest"]


@dataclass(frozen=True)
class Check:
    """One thing that must hold, as Great Expectations is asked for it.

    `subject` says of what: the columns (``schema``), all ``rows`` read, the ``live`` ones
    (without tombstones), the rows per whole day (``days``, ``earlier_days``), or the time of the
    ``newest`` row.
    """

    name: str
    subject: Subject
    expectation: str
    arguments: Mapping[str, Any]
    columns: tuple[str, ...]
    expected: str
    remedy: str
    severity: Severity = "critical"


@dataclass(frozen=True)
class CheckResult:
    """What one check found. `sample` holds some of the failing rows, values or days as text."""

    table: str
    check: str
    column: str
    severity: Severity
    success: bool
    found: str
    expected: str
    remedy: str
    failing_rows: int = 0
    sample: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The result as one sentence: what was found, what was expected, what to do.

        Examples
        --------
        >>> CheckResult("flights", "not_null", "origin", "critical", False, "2 of 9 rows have "
        ...     "no value", "none without", "ask the source's owner").sentence
        "flights.origin: 2 of 9 rows have no value, expected none without; ask the source's owner"
        """
        place = f"{self.table}.{self.column}" if self.column else self.table
        if self.success:
            return f"{place}: as expected, {self.expected}"
        return f"{place}: {self.found}, expected {self.expected}; {self.remedy}"


@dataclass(frozen=True)
class TableValidation:
    """All results for one table. `success`: no critical check failed."""

    table: str
    rows: int
    results: tuple[CheckResult, ...] = field(default=())

    @property
    def success(self) -> bool:
        """Whether the rows may be let in."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each critical check that failed."""
        return self._sentences("critical")

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each check that failed and does not stop a night."""
        return self._sentences("warning")

    def document(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "table": self.table,
            "rows": self.rows,
            "success": self.success,
            "results": [
                {
                    "check": r.check,
                    "column": r.column,
                    "severity": r.severity,
                    "success": r.success,
                    "found": r.found,
                    "expected": r.expected,
                    "failing_rows": r.failing_rows,
                    "sample": list(r.sample),
                    "sentence": r.sentence,
                }
                for r in self.results
            ],
        }

    def _sentences(self, severity: Severity) -> tuple[str, ...]:
        return tuple(
            result.sentence
            for result in self.results
            if not result.success and result.severity == severity
        )
