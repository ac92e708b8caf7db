"""How many cores a step may use: those that the system gives the process and its container."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CONTROL_GROUP = Path("/sys/fs/cgroup")


def usable_cores(control_group: Path = _CONTROL_GROUP) -> int:
    """Return how many cores this process may use, at least 1.

    A container that is limited to two cores of sixty-four still sees all of them; threads for all
    would spend their time waiting for each other. What it may really use is its control group's
    (version 2) quota of time.
    """
    seen = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(_counted())
    return max(1, min(len(seen), _quota(control_group)))


def _counted() -> int:
    return os.cpu_count() or 1


def _quota(control_group: Path) -> int:
    try:
        quota, period = (control_group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return _counted()
    return _counted() if quota == "max" else math.ceil(int(quota) / int(period))
