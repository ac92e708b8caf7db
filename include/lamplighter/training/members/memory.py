"""What a fit needs of memory, estimated before it begins, and refused where that is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamplighter.errors import TrainingError

_MB = 1_000_000
_CONTROL_GROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")
_LARGEST_HISTOGRAMS = 64
_RESERVE = 0.9


@dataclass(frozen=True)
class Size:
    """How large a fit is. `outputs` is the number of classes if there are more than two, else 1."""

    rows: int
    columns: int
    outputs: int = 1
    terms: int = 0

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    @property
    def scores(self) -> int:
        return self.rows * self.outputs


Bytes = Callable[[Size, Mapping[str, Any]], float]


def _boosted(size: Size, params: Mapping[str, Any]) -> float:
    # Binned cells and single-precision copies; gradients; histograms of the leaves in work.
    histograms = size.columns * 256 * 16 * _LARGEST_HISTOGRAMS
    return 6 * size.cells + 40 * size.scores + histograms


def _linear(size: Size, params: Mapping[str, Any]) -> float:
    # Three entries a number, as place and value, built and then copied; the scores of the solver.
    entries = 3 * size.cells if size.columns <= 200 else size.cells
    return 36 * entries + 40 * size.terms + 48 * size.scores


def _forest(size: Size, params: Mapping[str, Any]) -> float:
    grown = min(size.rows, 25_000)
    nodes = 100 * 2 * grown / max(1, int(params.get("min_samples_leaf", 1)))
    return 10 * size.cells + 8 * grown * size.columns + nodes * (8 + 3 * size.outputs)


def _neighbours(size: Size, params: Mapping[str, Any]) -> float:
    kept = min(size.rows, 10_000)
    return kept * (40 * size.columns + 12 * size.outputs) + 500 * kept * 24


def _svm(size: Size, params: Mapping[str, Any]) -> float:
    remembered = min(size.rows, 3_500)
    return 40 * size.cells + 28 * remembered**2 + 40 * size.scores + 2_000 * remembered * 24


def _network(size: Size, params: Mapping[str, Any]) -> float:
    widths = sum(int(value) for name, value in params.items() if name.startswith("width_"))
    return 40 * size.cells + 24 * size.scores + 16_000 * widths + 64 * size.columns * 256


def _own(size: Size, params: Mapping[str, Any]) -> float:
    return 40 * size.cells


_BYTES: dict[str, Bytes] = {
    "xgboost": _boosted,
    "hist_gradient_boosting": _boosted,
    "adaboost": _boosted,
    "linear": _linear,
    "random_forest": _forest,
    "extra_trees": _forest,
    "nearest_neighbours": _neighbours,
    "svm": _svm,
    "mlp": _network,
}


def memory_mb(algorithm: str, size: Size, params: Mapping[str, Any] | None = None) -> float:
    """Estimate the memory that a fit takes beside its rows, in MB of 10^6 bytes.

    Meant to be within a factor of about three, and above rather than below. A category counts like
    a number; an algorithm of the user's own, like five copies of its rows.
    """
    return _BYTES.get(algorithm, _own)(size, params or {}) / _MB


def refuse_too_large(
    algorithm: str,
    size: Size,
    params: Mapping[str, Any] | None = None,
    *,
    available_mb: float | None = None,
) -> None:
    """Refuse a fit that needs more memory than this process may still take.

    Raises
    ------
    TrainingError
        With both numbers.
    """
    needed = memory_mb(algorithm, size, params)
    left = available_memory_mb() if available_mb is None else available_mb
    if left is not None and needed > _RESERVE * left:
        raise TrainingError(
            f"{algorithm} would need about {needed:,.0f} MB for {size.rows:,} rows of "
            f"{size.columns:,} features, and {left:,.0f} MB of memory are left; give the worker "
            "more memory, train on fewer days or features, or leave it out of search.algorithms"
        )


def available_memory_mb(
    control_group: Path = _CONTROL_GROUP, meminfo: Path = _MEMINFO
) -> float | None:
    """Return how much memory this process may still take; None where the system does not say.

    It is what is left to its control group (version 2), or to the machine if that is less.
    """
    known = [
        found
        for found in (_left_to_group(control_group), _left_to_machine(meminfo))
        if found is not None
    ]
    return min(known) / _MB if known else None


def _left_to_group(control_group: Path) -> float | None:
    try:
        limit = (control_group / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = float((control_group / "memory.current").read_text())
        return max(0.0, float(limit) - used + _reclaimable(control_group))
    except (OSError, ValueError):
        return None


def _reclaimable(control_group: Path) -> float:
    """Return the group's cache of files, which gives way when memory is asked for."""
    for line in (control_group / "memory.stat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return float(value)
    return 0.0


def _left_to_machine(meminfo: Path) -> float | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return 1024.0 * float(line.split()[1])
    return None
