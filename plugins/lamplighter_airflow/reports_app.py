"""The pages of the reports, for people whom Airflow lets see the DAG.

Imported by the web server alone. FastAPI reads the annotations of the routes when this module is
loaded, so what they name must be imported here, at the top.
"""

import mimetypes
from pathlib import PurePosixPath

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, Response

_MAY_SEE_RUNS = Depends(requires_access_dag(method="GET", access_entity=DagAccessEntity.RUN))
_SHOWN = (".html", ".json")
# A report holds its styles and pictures itself; it may load nothing and run nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

app = FastAPI(
    title="Lamplighter reports",
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
    redirect_slashes=False,
)


@app.get("/nights/{dag_id}/{run_id}", dependencies=[_MAY_SEE_RUNS])
def night_report(dag_id: str, run_id: str) -> Response:
    """Show the report of a DAG run's night."""
    return _of_night(
        dag_id,
        run_id,
        "night.html",
        "The night is not over; its report is written by the last task.",
    )


@app.get("/validations/{dag_id}/{run_id}", dependencies=[_MAY_SEE_RUNS])
def validation(dag_id: str, run_id: str) -> Response:
    """Show what the validation of a DAG run's night found, also where that stopped it."""
    return _of_night(
        dag_id,
        run_id,
        "validation.html",
        "No rows were looked at: the task validate_data has not run, or what ingest_data read was "
        "no table at all, which the night's report says.",
    )


@app.get("/reports/{dag_id}/{key:path}", dependencies=[_MAY_SEE_RUNS])
def report(dag_id: str, key: str) -> Response:
    """Show a report of the DAG's model, under the path that reports link to each other by."""
    from lamplighter.spec.operations import PROCESSES
    from lamplighter.steps.night import Stores

    model, _, process = dag_id.rpartition("__")
    path = PurePosixPath(key)
    # Who may see any other DAG of such a name may not therefore see this model's reports.
    if process not in PROCESSES:
        raise HTTPException(404, "there is no such report")
    if path.suffix not in _SHOWN or path.parts[:1] != (model,) or not _is_plain(key):
        raise HTTPException(404, "there is no such report")
    store = Stores.from_environment().artifacts
    # A report links to another by the name of its file, which works for a copy on disk too.
    artifact = store.find(key) or store.find_file(key)
    if artifact is None:
        raise HTTPException(404, "there is no such report")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Response(
        store.read(artifact), media_type=kind, headers={"Content-Security-Policy": _POLICY}
    )


def _of_night(dag_id: str, run_id: str, file: str, not_yet: str) -> Response:
    """Lead to a page of a DAG run's night, or say why there is none."""
    from lamplighter.steps.night import Stores

    stores = Stores.from_environment()
    night = f"{dag_id}/{run_id}"
    run = stores.ledger.run(f"{night}/backfill") or stores.ledger.run(night)
    if run is None:
        return _page("This run has not resolved its spec yet, so there is nothing to report.", 404)
    key = f"{run.run_key}/{file}"
    if stores.artifacts.find(key) is None:
        return _page(not_yet, 404)
    return RedirectResponse(f"../../reports/{dag_id}/{key}", status_code=302)


def _is_plain(key: str) -> bool:
    """Whether a key names a file below its root, and nothing else."""
    parts = key.split("/")
    return all(part not in ("", ".", "..") for part in parts) and "\\" not in key


def _page(sentence: str, status: int) -> HTMLResponse:
    style = "font: 16px system-ui; margin: 4rem auto; max-width: 40rem"
    return HTMLResponse(f"<p style='{style}'>{sentence}</p>", status_code=status)
