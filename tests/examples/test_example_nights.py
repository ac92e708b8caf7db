"""The specs that ship do a night from their source to a champion (flights: tests/end_to_end)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.contracts import Actor, RunReport, RunRequest
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.whole_night import run_night

MODELS = Path(__file__).parents[2] / "include" / "models"
ANNA = Actor(name="anna", kind="os_user")

Night = Callable[..., RunReport]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    home = tmp_path_factory.mktemp("home")
    return Stores.open(
        StorePaths(
            lake=str(home / "lake"),
            artifacts=str(home / "lake" / "artifacts"),
            ledger=f"sqlite:///{home / 'ledger.db'}",
            mlflow=f"sqlite:///{home / 'mlflow.db'}",
        )
    )


@pytest.fixture
def night(stores: Stores, tmp_path: Path) -> Night:
    """Do a night of a shipped spec with a few quick trials, and with other changes of the spec."""

    def do(model: str, as_of: str, *, model_as: str = "", **changes: Any) -> RunReport:
        document = yaml.safe_load((MODELS / f"{model}.yaml").read_text())
        document["search"] = {"algorithms": ["linear"], "trials": 2, "budget_s": None}
        document["model"] = name = model_as or model
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**document, **changes}))
        return run_night(
            path,
            RunRequest(as_of=datetime.fromisoformat(as_of).replace(tzinfo=UTC)),
            run_id=f"{name}/{as_of}",
            actor=ANNA,
            stores=stores,
            threads=1,
        )

    return do


def fewer_payments(per_day: int) -> dict[str, Any]:
    """Return the section `data` of the payments with so many a day."""
    data: dict[str, Any] = yaml.safe_load((MODELS / "payments.yaml").read_text())["data"]
    for table in data["tables"].values():
        table["source"]["options"]["payments_per_day"] = per_day
    data["validate"]["min_rows"] = per_day // 2
    return data


def measured(stores: Stores, model: str) -> dict[str, dict[str, float]]:
    """Return what the hold-out said of the newest candidate: value and interval by metric."""
    found: dict[str, dict[str, float]] = stores.ledger.decisions(model, kind="promotion")[
        0
    ].evidence["metrics"]
    return found


def test_breast_cancer_becomes_champion_in_its_first_night(night: Night, stores: Stores) -> None:
    assert night("breast_cancer", "2026-01-02").outcome == "promote"
    assert stores.ledger.champion("breast_cancer").version == "1"
    assert measured(stores, "breast_cancer")["roc_auc"]["lower"] > 0.95


def test_digits_become_champion_in_their_first_night(night: Night, stores: Stores) -> None:
    assert night("digits", "2026-01-02").outcome == "promote"
    assert measured(stores, "digits")["accuracy"]["lower"] > 0.9


def test_payments_become_champion_in_their_first_night(night: Night, stores: Stores) -> None:
    split = {"holdout_days": 28, "folds": 2, "matured_only": True}  # few frauds on fewer days
    report = night("payments", "2023-06-30", data=fewer_payments(400), split=split)
    assert report.outcome == "promote"
    assert measured(stores, "payments")["roc_auc"]["lower"] > 0.7


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_year_on_the_frozen_model_of_payments_is_replaced_and_its_drift_was_named(
    night: Night, stores: Stores
) -> None:
    """The shipped spec but for the search: a champion of July 2023 in March 2024."""
    as_shipped = {"search": {"trials": 2, "budget_s": None, "algorithms": ["linear", "xgboost"]}}
    night("payments", "2023-07-01", model_as="payments_of_a_year", **as_shipped)
    report = night("payments", "2024-03-15", model_as="payments_of_a_year", **as_shipped)
    assert report.outcome == "promote"
    said = " ".join(report.sentences)
    assert "most of all channel" in said  # customers began to pay with their phones
    gain = stores.ledger.decisions("payments_of_a_year", kind="promotion")[0].evidence["evidence"]
    assert gain["gain"]["lower"] > 0
