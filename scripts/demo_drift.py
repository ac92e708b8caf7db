"""The demo's drift: which columns changed from winter to summer, as the command line says it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.data.artifacts import ArtifactStore
from lamplighter.ledger import Ledger

if TYPE_CHECKING:
    from lamplighter.steps.store_paths import StorePaths

JULY_AGAINST_JANUARY = (
    "--as-of", "2013-07-04", "--days", "3",
    "--reference-from", "2013-01-01", "--reference-to", "2013-02-01",
)  # fmt: skip
"""The first three days of July against January: what the demo's feed has delivered of the month."""

_COMMAND = str(Path(sys.executable).with_name("lamplighter"))


@dataclass(frozen=True)
class DriftFound:
    """The command that was run, what it found, and the columns that drifted, the worst first."""

    words: str
    said: str
    drifted: tuple[str, ...]


def compare_windows(
    paths: StorePaths, spec: Path, *windows: str, html: Path, overlay: str = "demo"
) -> DriftFound:
    """Run ``lamplighter drift`` over two windows, and write its report.

    Parameters
    ----------
    overlay : str
        The environment whose overlay of the spec counts.
    """
    stores = {"LAMPLIGHTER_LAKE": paths.lake, "LAMPLIGHTER_LEDGER": paths.ledger}
    home = {"LAMPLIGHTER_HOME": str(html.parent), "LAMPLIGHTER_ENV": overlay}
    done = subprocess.run(
        [_COMMAND, "drift", str(spec), *windows, "--html", str(html), "--json"],
        env={**os.environ, **stores, **home},
        capture_output=True,
        text=True,
        timeout=120,
    )
    words = f"$ lamplighter drift {spec.name} {' '.join(windows)}"
    if done.returncode:
        return DriftFound(words, done.stderr.strip(), ())
    document = json.loads(done.stdout)
    drifted = tuple(name for found in document["comparisons"] for name in found["drifted"])
    return DriftFound(words, ". ".join((*document["sentences"], *document["notes"])), drifted)


def drift_of_night(paths: StorePaths, night: str) -> str:
    """Return what a night's report says has drifted since its champion was trained; or nothing."""
    store = ArtifactStore(paths.artifacts)
    run = Ledger.open(paths.ledger).run(night)
    report = store.find(f"{run.run_key}/night.json") if run else None
    if report is None:
        return ""
    said = json.loads(store.read(report))["sentences"]
    return next((sentence for sentence in said if "drifted against what version" in sentence), "")
