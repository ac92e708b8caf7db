"""A spec file is all that makes a model's DAGs: with it they come, without it they go."""

from pathlib import Path

import pandas as pd
import pytest

from lamplighter.cli.main import main
from lamplighter_airflow import build_dags


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("LAMPLIGHTER_MODELS", str(folder))
    at = pd.date_range("2024-01-01", periods=400, freq="3h")
    frame = pd.DataFrame(
        {"at": at, "x": [n % 11 for n in range(400)], "y": [n % 7 * 1.5 for n in range(400)]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    assert main(["init", "tides", "--data", str(tmp_path / "t.parquet"), "--target", "y"]) == 0
    return folder


def ids(models: Path) -> set[str]:
    return {
        dag.dag_id for dag in build_dags(models, {}) if not dag.dag_id.startswith("lamplighter")
    }


def test_what_init_writes_becomes_two_dags_and_their_file_gone_they_go(models: Path) -> None:
    assert ids(models) == {"tides__train", "tides__score", "tides__evaluate"}
    spec = models / "tides.yaml"
    spec.write_text(spec.read_text().replace("model: tides", "model: ebbs"))
    assert ids(models) == {"ebbs__train", "ebbs__score", "ebbs__evaluate"}
    spec.unlink()
    assert ids(models) == set()
