"""Who was champion when: the question that other programs ask of the book."""

from __future__ import annotations

from datetime import UTC, datetime

from lamplighter.errors import LedgerError, UsageError
from lamplighter.ledger import Ledger, Release
from lamplighter.ledger.timelines import LIVE


def champion_at(
    model: str, t: datetime, *, timeline: str = LIVE, ledger: Ledger | None = None
) -> Release | None:
    """Return who was champion of a model at an instant, as far as the ledger knows.

    Parameters
    ----------
    model : str
        Name of the model.
    t : datetime
        An instant on the clock of the model's data, with its zone.
    timeline : str
        `live`, or `simulated:<id>`, which has the champions of `live` before its own first one.
    ledger : Ledger, optional
        The book to ask; the one that the environment names (``LAMPLIGHTER_LEDGER``, else under
        ``LAMPLIGHTER_HOME``) unless given.

    Returns
    -------
    Release or None
        The release that was valid at `t`: its `version`, `valid_from`, `valid_to`, `actor` and
        `reason`. None where that is not known: before the first champion, of a model that the
        ledger never heard of, and after now, since nobody knows who will be champion.

    Raises
    ------
    UsageError
        If `t` has no zone, or the timeline is not a name of one.
    LedgerError
        If the ledger is not there, or is of a newer or an older schema.

    Examples
    --------
    >>> import tempfile
    >>> book = Ledger.open(f"sqlite:///{tempfile.mkdtemp()}/ledger.db")
    >>> champion_at("flights", datetime(2013, 7, 1, tzinfo=UTC), ledger=book) is None
    True
    """
    if t.utcoffset() is None:
        raise UsageError(f"t is {t.isoformat()}, expected a time with its zone")
    if ledger is None:
        from lamplighter.steps.store_paths import StorePaths

        ledger = Ledger.open(StorePaths.from_environment().ledger)
    champion = ledger.champion(model, timeline=timeline, at=t)
    if champion is None or t > _now(ledger, model):
        return None
    return champion


def _now(ledger: Ledger, model: str) -> datetime:
    """Return the later of the wall clock and the clock of the model's data."""
    try:
        return max(datetime.now(UTC), ledger.data_clock(model))
    except LedgerError:  # it was only ever simulated
        return datetime.now(UTC)
