"""What the failure of each kind of check does, unless the spec says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lamplighter.spec.data import Check as CheckKind
from lamplighter.spec.data import Severity, Validation

DEFAULT_SEVERITIES: Mapping[CheckKind, Severity] = MappingProxyType(
    {
        "schema": "critical",
        "freshness": "critical",
        "volume": "critical",
        "not_null": "quarantine",
        "between": "quarantine",
        "in_set": "quarantine",
        "target": "quarantine",
        "late": "warning",
    }
)
"""A fault of one row sets that row aside; a fault of the delivery as a whole stops the night."""


def severity_of(kind: CheckKind, validation: Validation) -> Severity:
    """Return what a failure of this kind does: the spec's word, or the default.

    Examples
    --------
    >>> severity_of("between", Validation()), severity_of("schema", Validation())
    ('quarantine', 'critical')
    >>> severity_of("between", Validation(severity={"between": "warning"}))
    'warning'
    """
    return validation.severity.get(kind, DEFAULT_SEVERITIES[kind])
