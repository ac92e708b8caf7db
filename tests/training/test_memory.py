"""Memory: what a fit needs, what is left, and the refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lamplighter.errors import TrainingError
from lamplighter.features.encode import Encoded
from lamplighter.training.members import memory
from lamplighter.training.members.algorithm import Fit, Rows
from lamplighter.training.members.catalogue import ALGORITHMS, fit_member
from lamplighter.training.members.memory import (
    Size,
    available_memory_mb,
    memory_mb,
    refuse_too_large,
)
from lamplighter.training.target import Target
from lamplighter.tuning.fit_model import fit_model
from learnable import learnable


@pytest.mark.parametrize("algorithm", list(ALGORITHMS))
def test_more_rows_columns_or_classes_never_need_less(algorithm):
    params = ALGORITHMS[algorithm].defaults
    base = memory_mb(algorithm, Size(50_000, 40, 3), params)
    assert memory_mb(algorithm, Size(100_000, 40, 3), params) >= base
    assert memory_mb(algorithm, Size(50_000, 80, 3), params) > base
    assert memory_mb(algorithm, Size(50_000, 40, 60), params) >= base


def test_a_fit_that_needs_more_than_is_left_is_refused_with_both_numbers():
    refuse_too_large("svm", Size(100_000, 100), available_mb=4_000)
    with pytest.raises(
        TrainingError,
        match=r"svm would need about [\d,]+ MB for 100,000 rows of 100 "
        r"features, and 500 MB of memory are left; give",
    ):
        refuse_too_large("svm", Size(100_000, 100), available_mb=500)


def test_fitting_a_member_asks_for_the_memory_that_is_left(monkeypatch):
    monkeypatch.setattr(memory, "available_memory_mb", lambda: 0.001)
    rows = Rows(Encoded(np.ones((20, 2)), np.zeros(2, dtype=bool)), np.arange(20) % 2.0)
    fit = Fit(params={}, target=Target("binary", (0, 1)), seed=0, threads=1)
    with pytest.raises(TrainingError, match=r"xgboost would need about \d+ MB"):
        fit_member("xgboost", rows, fit)


def test_a_search_goes_on_without_a_member_that_memory_is_too_short_for(monkeypatch):
    monkeypatch.setattr(memory, "available_memory_mb", lambda: 10.0)
    data = learnable(rows=600)
    said: list[str] = []
    fitted = fit_model(
        data.X,
        data.y,
        task="binary",
        trials=2,
        algorithms={name: ALGORITHMS[name] for name in ("linear", "svm")},
        progress=said.append,
    )
    assert set(fitted.weights) == {"linear"}
    assert any("1 failed" in sentence for sentence in said)


def test_the_tighter_of_control_group_and_machine_counts(tmp_path: Path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 16000000 kB\nMemAvailable:    8000000 kB\n")
    assert available_memory_mb(tmp_path / "none", meminfo) == pytest.approx(8_192)
    group = tmp_path / "group"
    group.mkdir()
    (group / "memory.max").write_text("2000000000\n")
    (group / "memory.current").write_text("1500000000\n")
    (group / "memory.stat").write_text("anon 1\ninactive_file 300000000\n")
    assert available_memory_mb(group, meminfo) == pytest.approx(800)
    (group / "memory.max").write_text("max\n")
    assert available_memory_mb(group, meminfo) == pytest.approx(8_192)


def test_where_the_system_does_not_say_nothing_is_refused(tmp_path: Path):
    assert available_memory_mb(tmp_path, tmp_path / "meminfo") is None
