"""The append-only book of what was decided and done.

`Ledger.open(url)` is the way in; everything it hands out is a frozen record from `records`.
"""

from lamplighter.ledger.ledger import Ledger
from lamplighter.ledger.records import (
    ApprovalAct,
    Challenge,
    Decision,
    Defect,
    FreezeAct,
    Incident,
    Notice,
    Release,
    ReleaseRequest,
    Search,
    StoredRun,
    Trial,
    Version,
    VersionIntent,
)

__all__ = [
    "ApprovalAct",
    "Challenge",
    "Decision",
    "Defect",
    "FreezeAct",
    "Incident",
    "Ledger",
    "Notice",
    "Release",
    "ReleaseRequest",
    "Search",
    "StoredRun",
    "Trial",
    "Version",
    "VersionIntent",
]
