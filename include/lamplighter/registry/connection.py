"""Opening MLflow: which addresses are allowed, whether it answers, and what its errors mean."""

from __future__ import annotations

import fcntl
import logging
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from lamplighter.errors import RegistryError, RegistryUnavailableError, UsageError

for _chatty in ("alembic", "mlflow.store.db.utils", "mlflow.pyfunc"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

_NOT_FOUND = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "ENDPOINT_NOT_FOUND"}
_PAUSES_S = (0.3, 1.0)
_UNAVAILABLE = re.compile(
    r"failed with (timeout )?exception|Max retries exceeded|Connection refused|error code 5\d\d"
    r"|OperationalError|database is locked|unable to open database"
)


def checked_address(tracking_uri: str) -> str:
    """Return `tracking_uri` if it is a server or an SQLite file; else raise UsageError.

    Examples
    --------
    >>> checked_address("http://localhost:5000/")
    'http://localhost:5000'
    """
    kind = urlsplit(tracking_uri).scheme
    if kind not in ("sqlite", "http", "https"):
        raise UsageError(
            f"the model registry's address is of the kind {kind or 'none'}, expected sqlite or "
            "http(s); give the address of an MLflow server, or sqlite:///path/to/mlflow.db"
        )
    if kind != "sqlite" and not _credentials_are_quoted(tracking_uri):
        raise UsageError(
            "the model registry's address has a user or a password that is not quoted for a URL; "
            "write / as %2F, @ as %40 and a space as %20, or set MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD instead"
        )
    return tracking_uri.rstrip("/")


def masked(text: str) -> str:
    """Return a text without the user and password of any address in it.

    Examples
    --------
    >>> masked("no answer from http://ann:secret@host:5000/x")
    'no answer from http://host:5000/x'
    """
    return re.sub(r"://\S*@", "://", text)


def _credentials_are_quoted(address: str) -> bool:
    # Otherwise a part of the password would be taken for the host, and be named in messages.
    return re.fullmatch(r"\w+://([^@/?#\s]*@)?[^@\s]*", address) is not None


def is_server(address: str) -> bool:
    """Say whether the address is a server's, and not a file's."""
    return address.startswith(("http://", "https://"))


def sqlite_path(address: str) -> Path:
    """Return the file of an sqlite:/// address."""
    return Path(address.removeprefix("sqlite:///")).absolute()


def artifact_root(address: str) -> str | None:
    """Return where a new experiment keeps its files; None where the server decides."""
    if is_server(address):
        return None
    return (sqlite_path(address).parent / "mlartifacts").as_uri()


def check_reachable(address: str, files: str) -> None:
    """Raise RegistryError if the files lie behind a server and `address` is the database's own."""
    if files.startswith("mlflow-artifacts:") and not is_server(address):
        raise RegistryError(
            f"the files at {files} can be reached through an MLflow server only, got the address "
            f"{masked(address)}; set MLFLOW_TRACKING_URI to the server's"
        )


def open_client(address: str) -> MlflowClient:
    """Return a client; the SQLite file and its schema are created at first use."""
    with unavailable_explained(address):
        if is_server(address):
            return MlflowClient(tracking_uri=address, registry_uri=address)
        # MLflow's own lock covers the creation of the schema but not its migrations.
        with _locked(sqlite_path(address)):
            client = MlflowClient(tracking_uri=address, registry_uri=address)
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)
            return client


def check_answers(address: str, *, timeout_s: float) -> None:
    """Raise RegistryUnavailableError unless the server, or the file, answers within the time."""
    with unavailable_explained(address):
        if is_server(address):
            urllib.request.urlopen(f"{masked(address)}/health", timeout=timeout_s).close()
            return
        path = sqlite_path(address)
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(path, timeout=timeout_s) as connection:
            connection.execute("select count(*) from sqlite_master").fetchone()
        connection.close()


@contextmanager
def unavailable_explained(address: str) -> Iterator[None]:
    """Turn what MLflow raises when it cannot be reached into one clear sentence."""
    try:
        yield
    except RegistryUnavailableError:
        raise
    except (OSError, sqlite3.Error) as error:
        raise _unavailable(address, error) from error
    except MlflowException as error:
        if is_unavailable(error):
            raise _unavailable(address, error) from error
        raise RegistryError(
            f"the model registry at {masked(address)} refused: {_first_line(error)}"
        ) from error


def again_if_refused[T](act: Callable[[], T]) -> T:
    """Act, and act again when MLflow refuses: it does when two write the same row at once."""
    for pause_s in _PAUSES_S:
        try:
            return act()
        except MlflowException as error:
            if is_unavailable(error):
                raise
            time.sleep(pause_s)
    return act()


def is_unavailable(error: MlflowException) -> bool:
    """Say whether MLflow means that its server or its database did not answer."""
    return _UNAVAILABLE.search(str(error)) is not None


def is_missing(error: MlflowException) -> bool:
    """Say whether MLflow means that the thing asked for is not there."""
    # A missing alias is RESOURCE_DOES_NOT_EXIST over REST and INVALID_PARAMETER_VALUE on SQLite.
    return error.error_code in _NOT_FOUND or "not found" in str(error)


def already_exists(error: MlflowException) -> bool:
    """Say whether somebody else created it first."""
    return str(error.error_code) == "RESOURCE_ALREADY_EXISTS"


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f"{database.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unavailable(address: str, error: Exception) -> RegistryUnavailableError:
    remedy = (
        "start the MLflow server, or check MLFLOW_TRACKING_URI"
        if is_server(address)
        else "check that the folder can be written and that the file is an MLflow database"
    )
    return RegistryUnavailableError(
        f"the model registry at {masked(address)} does not answer ({_first_line(error)}); {remedy}"
    )


def _first_line(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    text = str(reason).strip() or type(error).__name__
    return masked(text.splitlines()[0])[:300]
