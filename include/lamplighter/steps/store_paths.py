"""Where the four stores are, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StorePaths:
    """Where the four stores are, before any of them is opened."""

    lake: str
    artifacts: str
    ledger: str
    mlflow: str
    home: str = "."

    @classmethod
    def from_environment(cls) -> StorePaths:
        """Read ``LAMPLIGHTER_HOME``, ``_LAKE``, ``_LEDGER`` and ``MLFLOW_TRACKING_URI``.

        Without them everything lies under ``var/`` of the working directory.
        """
        home = Path(os.environ.get("LAMPLIGHTER_HOME", "var")).absolute()
        lake = os.environ.get("LAMPLIGHTER_LAKE", str(home / "lake"))
        return cls(
            home=str(home),
            lake=lake,
            artifacts=f"{lake.rstrip('/')}/artifacts",
            ledger=os.environ.get("LAMPLIGHTER_LEDGER", f"sqlite:///{home / 'ledger.db'}"),
            mlflow=os.environ.get("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}"),
        )

    @property
    def has_ledger(self) -> bool:
        """Whether a ledger in a file is there; of one in a server only itself can say it."""
        scheme, _, path = self.ledger.partition(":///")
        return scheme != "sqlite" or Path(path).exists()
