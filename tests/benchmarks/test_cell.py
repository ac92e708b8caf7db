"""One whole cell, in a process of its own, as the benchmark runs it."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from benchmarks.tuning import run
from benchmarks.tuning.declared_set import DeclaredSet
from benchmarks.tuning.environments import OWN
from benchmarks.tuning.grid import Cell
from benchmarks.tuning.row_losses import unpack
from benchmarks.tuning.systems import SYSTEMS


def _words(rows: int) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    good = generator.random(rows) < 0.5
    said = np.where(good, "it was a fine day by the sea", "it rained on us all day long")
    size = generator.choice(["small", "big"], rows)
    return pd.DataFrame({"said": said, "size": size, "x": generator.random(rows), "good": good})


@pytest.fixture(autouse=True)
def _in_the_own_environment(tmp_path, monkeypatch):
    # The peers' environments are not built in a test; the project's has the untuned systems, too.
    for name in ("untuned_xgboost", "untuned_stacking"):
        system = SYSTEMS[name]
        monkeypatch.setitem(SYSTEMS, name, replace(system, environment=OWN))
    monkeypatch.setattr(run, "VAR", tmp_path)
    monkeypatch.setattr(run, "_ATTEMPTS", 1)


def test_a_cell_holds_all_that_the_report_needs(tmp_path):
    declared = DeclaredSet("words", partial(_words, 200), "binary", "good", source="")
    found = run.run_cell(
        Cell("words", "untuned_xgboost", 60, 1), declared, core=None, root=tmp_path / "sets"
    )
    assert found["error"] is None
    assert found["loss"] < 0.2
    assert abs(unpack(found["row_losses"]).mean() - found["loss"]) < 0.01
    assert (found["rows_train"], found["rows_test"], found["columns"]) == (150, 50, 3)
    assert (found["metric"], found["overrun"]) == ("log_loss", None)
    assert len(found["predict_10k_s"]) == 5
    assert found["size_bytes"] > 1_000
    assert found["versions"]["scikit-learn"]
    assert {"cpu", "cores", "system"} <= set(found["machine"])
    assert len(json.dumps(found)) < 5_000


def test_a_system_that_fails_is_a_finding(tmp_path):
    infinite = _words(200).assign(x=np.inf)
    declared = DeclaredSet("bad", lambda: infinite, "binary", "good", source="")
    found = run.run_cell(
        Cell("bad", "untuned_stacking", 60, 0), declared, core=None, root=tmp_path / "sets"
    )
    assert "ValueError" in found["error"]
    assert found["set_digest"]
    assert "loss" not in found
