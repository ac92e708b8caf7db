"""How many threads a step takes, in and out of a container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lamplighter.steps import usable_cores as module
from lamplighter.steps.usable_cores import usable_cores


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", 16)],
)
def test_a_containers_quota_limits_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int
) -> None:
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 16)
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert usable_cores(tmp_path) == cores


def test_without_a_quota_all_cores_of_the_process_are_used(tmp_path: Path) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system does not say which cores a process may use")
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
