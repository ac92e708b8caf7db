"""The demo's quarantine: what lies in it, and bringing corrected rows back, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamplighter.steps.store_paths import StorePaths

_COMMAND = str(Path(sys.executable).with_name("lamplighter"))


@dataclass(frozen=True)
class Done:
    """A command that was run: its words, what it said, and whether it did what it should."""

    words: str
    said: str
    well: bool


def quarantine_list(paths: StorePaths) -> str:
    """Return the table of what is in quarantine."""
    return _run(paths, "list", "flights").said


def replay_corrections(paths: StorePaths, table: str, file: Path) -> Done:
    """Let a table's corrected rows in, known from now on."""
    reason = "their owner has corrected them"
    return _run(
        paths, "replay", "flights", "--table", table, "--file", str(file), "--reason", reason
    )


def _run(paths: StorePaths, *words: str) -> Done:
    stores = {
        "LAMPLIGHTER_HOME": str(Path(paths.lake).parent),
        "LAMPLIGHTER_LAKE": paths.lake,
        "LAMPLIGHTER_LEDGER": paths.ledger,
    }
    done = subprocess.run(
        [_COMMAND, "quarantine", *words],
        env={**os.environ, **stores},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = "\n".join(part.rstrip() for part in (done.stdout, done.stderr) if part.strip())
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    return Done(f"$ lamplighter quarantine {shown}", said, well=done.returncode == 0)
