"""Whether a database answers, without reading anything of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from lamplighter.data.sources.connections import described
from lamplighter.errors import SourceUnavailableError

_TIMEOUT_S = 3


def check_database(url: str) -> str:
    """Connect to a database, within seconds, and return its name without credentials.

    Raises
    ------
    SourceUnavailableError
        If it does not answer, or its driver is not installed.
    """
    networked = make_url(url).get_backend_name() in ("postgresql", "mysql", "mariadb")
    options = {"connect_timeout": _TIMEOUT_S} if networked else {}
    _refuse_missing_file(url)
    try:
        engine = sa.create_engine(url, connect_args=options, poolclass=sa.NullPool)
        with engine.connect():
            return described(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SourceUnavailableError(
            f"the driver of {make_url(url).drivername} is not installed ({error}); install it "
            "where Lamplighter runs"
        ) from None
    except (SQLAlchemyError, OSError) as error:
        # What a driver says may hold the address with its password; its kind is enough.
        raise SourceUnavailableError(
            f"{described(url)} does not answer ({type(error).__name__}); check that it is up, and "
            "user and password"
        ) from None


def _refuse_missing_file(url: str) -> None:
    parsed = make_url(url)
    file = parsed.database
    if parsed.get_backend_name() == "sqlite" and file and not file.startswith((":", "file:")):
        if not Path(file).exists():  # SQLite would make an empty database of it
            raise SourceUnavailableError(f"there is no database file {file}; correct the path")
