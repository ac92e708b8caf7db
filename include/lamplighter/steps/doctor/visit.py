"""The doctor's whole visit: stores, models, specs, nights, connections, Airflow, disk."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from lamplighter.contracts import Actor
from lamplighter.steps.doctor.airflow import AirflowQuestion, examine_airflow
from lamplighter.steps.doctor.connections import examine_connections, notify_names, sql_names
from lamplighter.steps.doctor.disk import examine_disk
from lamplighter.steps.doctor.finding import Finding
from lamplighter.steps.doctor.nights import examine_nights
from lamplighter.steps.doctor.specs import Specs, examine_specs, read_specs
from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths


def visit(
    stores: Stores,
    paths: StorePaths,
    *,
    models: list[str] | None = None,
    specs: Path | None = None,
    now: datetime | None = None,
    actor: Actor | None = None,
) -> list[Finding]:
    """Look at everything; with `models`, at those only and not at what they share.

    Parameters
    ----------
    specs : Path, optional
        The folder of the specs.
    now : datetime, optional
        The wall clock, by which a night is late.
    actor : Actor, optional
        Who looks. With one, an alias that a stranger moved becomes an incident in the ledger.
    """
    now = now or datetime.now(UTC)
    known = read_specs(specs)
    if models:
        chosen = Specs(specs, {m: s for m, s in known.sound.items() if m in models})
        return [
            *examine_stores(stores, models, actor=actor),
            *examine_nights(chosen, stores.ledger, now=now),
        ]
    question = AirflowQuestion(sorted(notify_names(known)), sorted(sql_names(known)))
    findings = [
        *examine_stores(stores, actor=actor),
        *examine_specs(known, stores.ledger),
        *examine_nights(known, stores.ledger, now=now),
        *examine_disk(paths, now=now),
    ]
    airflow = question.answers()
    return [*findings, *examine_connections(known, airflow), *examine_airflow(known, airflow)]


def models_folder() -> Path | None:
    """Return the folder of the specs: LAMPLIGHTER_MODELS, or include/models where that is."""
    named = Path(os.environ.get("LAMPLIGHTER_MODELS") or "include/models")
    return named if named.is_dir() else None
