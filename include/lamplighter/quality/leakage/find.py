"""All checks for leaks on one night's rows, and what the spec has accepted."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence

from lamplighter.errors import DataError
from lamplighter.quality.leakage.alone import too_good_alone
from lamplighter.quality.leakage.copies import copies_of_label
from lamplighter.quality.leakage.deciding import deciding_values
from lamplighter.quality.leakage.findings import Accepted, Finding, LeakageReport, Unfilled
from lamplighter.quality.leakage.identifiers import identifiers
from lamplighter.quality.leakage.repeats import repeated_entities, repeated_rows
from lamplighter.quality.leakage.rows import LabelledRows
from lamplighter.quality.leakage.shift import empty_when_live, told_apart

_CHECKS: tuple[Callable[[LabelledRows], list[Finding]], ...] = (
    deciding_values,
    copies_of_label,
    too_good_alone,
    identifiers,
    repeated_rows,
    repeated_entities,
    empty_when_live,
    told_apart,
)


def find_leakage(
    rows: LabelledRows,
    *,
    unfilled: Sequence[Unfilled] = (),
    accept: Mapping[str, str] | None = None,
    other_names: Sequence[str] = (),
) -> LeakageReport:
    """Look for leaks, and set aside what was accepted by name.

    Parameters
    ----------
    rows : LabelledRows
        The rows trained on and held out.
    unfilled : sequence of Unfilled
        Features that are declared to be filled in later than some rows are predicted.
    accept : mapping of str to str
        Column to reason: its findings neither stop the night nor warn.
    other_names : sequence of str
        Names that may be accepted besides features and keys: features that were not kept.

    Returns
    -------
    LeakageReport
        The first finding of each column that stops; the milder ones of that column are left out.

    Raises
    ------
    DataError
        If `accept` names a column that there is not, with the nearest one.
    """
    accept = accept or {}
    known = {*rows.columns, *map(str, rows.keys.columns), *other_names}
    _refuse_unknown(accept, known | {u.column for u in unfilled})
    found = _first_of_each([*map(_late, unfilled), *(f for check in _CHECKS for f in check(rows))])
    open_, accepted = [], []
    for finding in found:
        reasons = [accept.get(name, "") for name in finding.columns]
        if reasons and all(reasons):
            accepted.append(Accepted(finding, "; ".join(dict.fromkeys(reasons))))
        else:
            open_.append(finding)
    used = {name for a in accepted for name in a.finding.columns}
    return LeakageReport(
        rows=len(rows),
        features=len(rows.columns),
        findings=tuple(open_),
        accepted=tuple(accepted),
        unused={name: reason for name, reason in accept.items() if name not in used},
    )


def remedy(problems: Sequence[Finding], *, table: str) -> str:
    """Say what to do about columns that stop the night."""
    names = list(dict.fromkeys(name for finding in problems for name in finding.columns))
    listed = ", ".join(names)
    return (
        f"leave {'it' if len(names) == 1 else 'them'} out (features.drop: [{listed}], or in the "
        f"feature function); or say when it is filled in (data.tables.{table}.filled_in); or, if "
        "it is known when the prediction is made, accept it with a reason (features.accept: "
        f"{{{names[0]}: why}})"
    )


def _late(unfilled: Unfilled) -> Finding:
    when = (
        f"{unfilled.declared} after the event"
        if unfilled.declared[:1].isdigit()
        else f"at {unfilled.declared}"
    )
    share = unfilled.late_rows / max(1, unfilled.rows)
    return Finding(
        kind="is filled in too late",
        columns=(unfilled.column,),
        severity="critical",
        found=f"is filled in {when} (data.tables.{unfilled.table}.filled_in), after the prediction "
        f"time of {unfilled.late_rows:,} of {unfilled.rows:,} examples ({share:.1%})",
        expected="a feature is known when the prediction is made",
        rows=unfilled.late_rows,
    )


def _first_of_each(findings: list[Finding]) -> list[Finding]:
    """Leave out what is said of a column that stops the night already."""
    stopped: set[str] = set()
    kept = []
    for finding in findings:
        if not finding.columns or not stopped.issuperset(finding.columns):
            kept.append(finding)
        if finding.severity == "critical":
            stopped.update(finding.columns)
    return kept


def _refuse_unknown(accept: Mapping[str, str], known: set[str]) -> None:
    for name in accept:
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"the nearest name is {close[0]!r}" if close else "there is no name like it"
            raise DataError(
                f"features.accept names {name!r}, which is no feature; {hint}; correct the spec"
            )
