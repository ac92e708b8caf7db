"""What a check is, before and after it was run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lamplighter.spec.data import Severity

Subject = Literal["schema", "new_columns", "rows", "live", "days", "earlier_days", "newest"]


@dataclass(frozen=True)
class Check:
    """One thing that must hold, as Great Expectations is asked for it.

    `subject` says of what: the columns (``schema``) and those that the source has besides
    (``new_columns``), all ``rows`` read, the ``live`` ones (without tombstones), the rows per
    whole day (``days``, ``earlier_days``), or the time of the ``newest`` row. `expectation` is the
    name of one of Great Expectations' classes, or a class.
    """

    name: str
    subject: Subject
    expectation: str | type[Any]
    arguments: Mapping[str, Any]
    columns: tuple[str, ...]
    expected: str
    remedy: str
    severity: Severity = "critical"


@dataclass(frozen=True)
class CheckResult:
    """What one check found.

    `sample` holds some of the failing rows, values or days as text. `positions` are the places of
    the failing rows in the frame that was checked, where the check looks at rows.
    """

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
    positions: tuple[int, ...] = field(default=(), repr=False)

    @property
    def sentence(self) -> str:
        """The result as one sentence: what was found, what was expected, what to do.

        Examples
        --------
        >>> CheckResult("flights", "not_null", "origin", "critical", False, "2 of 9 rows have "
        ...     "no value", "none without", "ask the source's owner").sentence
        "flights.origin: 2 of 9 rows have no value, expected none without; ask the source's owner"
        """
        if self.success:
            return f"{self._place}: as expected, {self.expected}"
        return f"{self._place}: {self.found}, expected {self.expected}; {self.remedy}"

    @property
    def reason(self) -> str:
        """Why a row is set aside, in the words of this check."""
        return f"{self._place}: expected {self.expected}"

    @property
    def _place(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True)
class TableValidation:
    """All results for one table. `raw` is what Great Expectations said, for its Data Docs."""

    table: str
    rows: int
    results: tuple[CheckResult, ...] = field(default=())
    raw: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    @property
    def success(self) -> bool:
        """Whether the rows may be let in, but for those set aside."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each critical check that failed."""
        return self._sentences("critical")

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence for each check that failed and does not stop a night."""
        return self._sentences("warning")

    @property
    def quarantined(self) -> tuple[str, ...]:
        """A sentence for each check whose failing rows are set aside."""
        return self._sentences("quarantine")

    @property
    def set_aside(self) -> tuple[int, ...]:
        """Positions of the rows that must not be let in, in their order; none if all stops."""
        failed = (r for r in self.results if not r.success and r.severity == "quarantine")
        return tuple(sorted({position for result in failed for position in result.positions}))

    def document(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "table": self.table,
            "rows": self.rows,
            "success": self.success,
            "quarantined_rows": len(self.set_aside) if self.success else 0,
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
