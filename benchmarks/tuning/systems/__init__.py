"""The systems that are compared: what each is, where it runs, whether it keeps a budget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["own", "peer", "untuned"]


@dataclass(frozen=True)
class System:
    """One row of the benchmark's table.

    Attributes
    ----------
    module : str
        Module of this package whose `fit` runs it.
    environment : str
        Which environment it runs in: a list in ``peers/``, or the project's own.
    kind : {"own", "peer", "untuned"}
        An untuned system has no budget; it runs once per split, and counts for every budget.
    variant : str
        Passed to the module's `fit`, which may know several.
    """

    title: str
    module: str
    environment: str
    kind: Kind
    variant: str = ""


SYSTEMS: dict[str, System] = {
    "lamplighter": System("Lamplighter", "lamplighter_fit", "lamplighter", "own"),
    "untuned_xgboost": System(
        "XGBoost, untuned", "untuned", "boosters", "untuned", variant="xgboost"
    ),
    "untuned_hist_gradient_boosting": System(
        "histogram boosting, untuned",
        "untuned",
        "boosters",
        "untuned",
        variant="hist_gradient_boosting",
    ),
    "untuned_stacking": System(
        "stacking, untuned", "untuned", "boosters", "untuned", variant="stacking"
    ),
    "autogluon_medium": System(
        "AutoGluon, medium quality",
        "autogluon_fit",
        "autogluon",
        "peer",
        variant="medium_quality",
    ),
    "hyperopt_xgboost": System(
        "hyperopt TPE + XGBoost", "tuned_xgboost", "boosters", "peer", variant="hyperopt"
    ),
    "flaml": System("FLAML", "flaml_fit", "flaml", "peer"),
    "optuna_xgboost": System(
        "Optuna TPE + XGBoost", "tuned_xgboost", "boosters", "peer", variant="optuna"
    ),
    "autogluon_best": System(
        "AutoGluon, best quality", "autogluon_fit", "autogluon", "peer", variant="best_quality"
    ),
}
"""In the order they are run in."""
