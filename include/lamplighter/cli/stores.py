"""Open the stores for a command, and say who is acting."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from lamplighter.cli.output import complain
from lamplighter.contracts import Actor
from lamplighter.errors import UsageError
from lamplighter.ledger import Ledger
from lamplighter.ledger.timelines import LIVE, checked_timeline
from lamplighter.spec import spec_paths
from lamplighter.spec.yaml_text import parse_yaml


def open_ledger() -> Ledger:
    """Open the ledger that the environment names, without loading any other library."""
    from lamplighter.steps.store_paths import StorePaths

    return Ledger.open(StorePaths.from_environment().ledger)


def zone_of(ledger: Ledger, model: str) -> tzinfo:
    """Return the zone of a model's newest spec, in which its times are typed; UTC if unknown."""
    runs = ledger.runs(model, limit=1)
    time = ledger.spec(runs[0].run.spec_digest).get("time") if runs else None
    return ZoneInfo(time["timezone"]) if time else UTC


def refuse_unknown(ledger: Ledger, model: str) -> None:
    """Raise UsageError unless the ledger has heard of the model."""
    known = ledger.models()
    if model not in known:
        raise UsageError(
            f"the ledger {ledger.name} knows no model {model!r}; it knows "
            f"{', '.join(known) or 'none'}. Give a model's name, and set LAMPLIGHTER_HOME if its "
            "ledger lies elsewhere"
        )


def refuse_unknown_timeline(ledger: Ledger, model: str, timeline: str) -> None:
    """Raise UsageError for a simulated timeline on which nothing of the model ever happened.

    Such a one would seem to have the champions of `live`, which nobody simulated.
    """
    known = ledger.timelines(model)
    if checked_timeline(timeline) != LIVE and timeline not in known:
        raise UsageError(
            f"the ledger {ledger.name} knows no timeline {timeline!r} of {model}; it knows "
            f"{', '.join(known) or 'none'}"
        )


def note_missing_spec(model: str) -> None:
    """Say so if the folder of specs is there and none of them declares the model."""
    folder = Path(os.environ.get("LAMPLIGHTER_MODELS") or "include/models")
    if folder.is_dir() and model not in declared_models(folder):
        complain(f"no spec in {folder} declares {model} any more; the ledger keeps what it did")


def declared_models(folder: Path) -> set[str]:
    """Return the models that the specs of a folder declare, as far as these can be read."""
    found = set()
    for path in spec_paths(folder):
        try:
            content = parse_yaml(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError):
            content = None
        found.add(str(content.get("model")) if isinstance(content, dict) else path.stem)
    return found


def acting_user() -> Actor:
    """Return the operating-system user as the one who acts."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        name = f"uid {os.getuid()}"
    return Actor(name=name, kind="os_user")
