"""What a night's validation found, kept as JSON, as a page of ours, and as Data Docs."""

from __future__ import annotations

import json
import logging
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lamplighter.contracts import ArtifactRef
from lamplighter.evaluation.report import render_validation
from lamplighter.quality.checks import TableValidation
from lamplighter.quality.data_docs import render_data_docs
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationPages:
    """Where the numbers and the page are, and how many rows were set aside."""

    document: ArtifactRef
    page: ArtifactRef
    quarantined: int
    warnings: int


def write_validation(night: Night, found: Sequence[TableValidation]) -> ValidationPages:
    """Write what was found; the same findings of the same night give the same files.

    A night that is tried again after its rows were let in finds nothing to validate; what the try
    before found stands.
    """
    document = (None if found else _earlier(night)) or _document(night, found)
    text = json.dumps(document, indent=2, default=str).encode()
    page = render_validation(document).encode()
    results = [result for table in document["tables"] for result in table["results"]]
    return ValidationPages(
        document=night.artifacts.write(_key(night, "json"), text),
        page=night.artifacts.write(_key(night, "html"), page),
        quarantined=sum(table["quarantined_rows"] for table in document["tables"]),
        warnings=sum(not r["success"] and r["severity"] == "warning" for r in results),
    )


def _key(night: Night, kind: str) -> str:
    return f"{night.run.run_key}/validation.{kind}"


def _earlier(night: Night) -> dict[str, Any] | None:
    stored = night.artifacts.find(_key(night, "json"))
    document: dict[str, Any] | None = json.loads(night.artifacts.read(stored)) if stored else None
    return document


def _document(night: Night, found: Sequence[TableValidation]) -> dict[str, Any]:
    run = night.run
    return {
        "kind": "validation",
        "format": 1,
        "model": run.model,
        "run_key": run.run_key,
        "timeline": run.timeline,
        "as_of": run.as_of.isoformat(),
        "tables": [table.document() for table in found],
        "data_docs": {table.table: _data_docs(night, table) for table in found},
    }


def _data_docs(night: Night, found: TableValidation) -> str:
    """Keep Great Expectations' own page; return where it lies, seen from ours. Empty if it fails.

    A page that cannot be drawn is no reason to stop a night.
    """
    try:
        page = render_data_docs(found, model=night.run.model, as_of=night.run.as_of)
    except Exception:
        log.warning("%s.%s: no Data Docs", night.run.model, found.table, exc_info=True)
        return ""
    key = f"{night.run.run_key}/data-docs-{found.table}.html"
    return posixpath.basename(night.artifacts.uri(night.artifacts.write(key, page.encode())))
