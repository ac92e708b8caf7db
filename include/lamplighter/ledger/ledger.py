"""The ledger as a whole: opening it, and all its pages in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from lamplighter.ledger import schema
from lamplighter.ledger.approvals import ApprovalPages
from lamplighter.ledger.book import utc_now
from lamplighter.ledger.challenges import ChallengePages
from lamplighter.ledger.database import Database
from lamplighter.ledger.decisions import DecisionPages
from lamplighter.ledger.defects import DefectPages
from lamplighter.ledger.evaluations import EvaluationPages
from lamplighter.ledger.freezes import FreezePages
from lamplighter.ledger.incidents import IncidentPages
from lamplighter.ledger.notices import NoticePages
from lamplighter.ledger.releases import ReleasePages
from lamplighter.ledger.runs import RunPages
from lamplighter.ledger.searches import SearchPages
from lamplighter.ledger.upkeep import UpkeepPages
from lamplighter.ledger.versions import VersionPages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Ledger(
    RunPages,
    SearchPages,
    DecisionPages,
    VersionPages,
    ReleasePages,
    EvaluationPages,
    ChallengePages,
    FreezePages,
    DefectPages,
    IncidentPages,
    ApprovalPages,
    NoticePages,
    UpkeepPages,
):
    """The book of runs, searches, decisions, versions, releases, freezes and notices.

    Rows are added and never changed. Every write has a key; the same key again changes nothing
    and returns what was stored first, so that a task may be killed and tried again at any point.
    A ledger holds no open connection between calls and may be used after a fork.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> ledger = Ledger.open(f"sqlite:///{folder}/ledger.db")
    >>> ledger.champion("flights") is None
    True
    """

    @classmethod
    def open(cls, url: str, *, now: Callable[[], datetime] = utc_now) -> Self:
        """Open the ledger at `url`; write its schema first when the database holds none.

        Parameters
        ----------
        url : str
            ``sqlite:///path/to/ledger.db`` or ``postgresql+psycopg://user:password@host/name``.
        now : callable, optional
            The wall clock, which only fills `recorded_at` and moves `data_clock`.

        Raises
        ------
        LedgerError
            If the URL is of another kind of database, if the file cannot be written, or if the
            schema is newer or older than this code's.
        LedgerUnavailableError
            If the database does not answer.
        """
        database = Database(url)
        schema.prepare(database)
        return cls(database, now=now)

    @classmethod
    def upgrade(cls, url: str) -> None:
        """Bring an older ledger's schema up to this code's; nothing to do is no error."""
        schema.upgrade(Database(url))

    @property
    def name(self) -> str:
        """Where the ledger lies, without its password."""
        return self._database.name

    @property
    def schema(self) -> str:
        """The revision of the ledger's schema."""
        return schema.NEWEST  # `open` accepts no other
