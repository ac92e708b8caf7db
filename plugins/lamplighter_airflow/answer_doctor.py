"""Answers `lamplighter doctor`, in a process of its own: what Airflow's database knows.

``python -m lamplighter_airflow.answer_doctor`` reads one JSON document from its standard input and
writes one to its standard output. Nothing in it is a secret: of a connection it says whether it is
there and whether its database answers.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Read the question, ask Airflow, and write the answer on one line."""
    question = json.load(sys.stdin)
    sys.stdout.write(f"\n{json.dumps(answer(**question))}\n")


def answer(*, connections: list[str], databases: list[str]) -> dict[str, Any]:
    """Ask Airflow's database for pools, import errors, paused DAGs and some connections.

    Parameters
    ----------
    connections, databases : list of str
        Connections that have to be there; of the second kind, their databases have to answer.
    """
    # No task runs this: it is a tool of a person, as the `airflow` command is, and may ask the
    # database.
    from airflow.models.dag import DagModel  # noqa: TID251
    from airflow.models.errors import ParseImportError  # noqa: TID251
    from airflow.models.pool import Pool  # noqa: TID251
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        pools = sorted(map(str, session.scalars(select(Pool.pool))))
        paused = sorted(session.scalars(select(DagModel.dag_id).where(DagModel.is_paused)))
        errors = {
            str(error.filename): str(error.stacktrace or "").strip().splitlines()[-1:]
            for error in session.scalars(select(ParseImportError))
        }
    found = {name: _trouble(name, ask=name in databases) for name in {*connections, *databases}}
    return {
        "pools": pools,
        "paused": paused,
        "import_errors": {file: " ".join(last) for file, last in errors.items()},
        "connections": {name: said for name, said in found.items() if said is not None},
    }


def _trouble(name: str, *, ask: bool) -> str | None:
    """Return what is wrong with a connection, nothing if nothing is; None if there is none."""
    from airflow.models.connection import Connection  # noqa: TID251
    from airflow.sdk.exceptions import AirflowNotFoundException

    from lamplighter.data.sources import url_from_airflow
    from lamplighter.data.sources.answers import check_database
    from lamplighter.errors import LamplighterError

    try:
        connection = Connection.get_connection_from_secrets(name)
    except AirflowNotFoundException:
        return None
    if not ask:
        return ""
    try:
        check_database(url_from_airflow(connection.get_uri(), f"Airflow connection {name}"))
    except LamplighterError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main()
