"""The spec's sections `search`, `ensemble` and `decision`."""

from __future__ import annotations

import difflib
import math
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from lamplighter.spec.values import DottedPath, Name, Section

SHIPPED_ALGORITHMS = (
    "xgboost",
    "hist_gradient_boosting",
    "linear",
    "random_forest",
    "extra_trees",
    "adaboost",
    "nearest_neighbours",
    "svm",
    "mlp",
)

Task = Literal["binary", "multiclass", "regression"]
Value = str | int | float | bool


class RangeOf(Section):
    """A number between two bounds."""

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    log: bool | None = Field(
        default=None,
        description="Draw evenly in the logarithm; as the algorithm's own space unless said.",
    )
    whole: bool | None = Field(
        default=None, description="Whole numbers only; as the algorithm's own space unless said."
    )

    @model_validator(mode="after")
    def _can_be_drawn_from(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low {self.low:g} is not below high {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a low above 0, got {self.low:g}")
        if self.whole and (self.low != round(self.low) or self.high != round(self.high)):
            raise ValueError(f"whole needs whole bounds, got {self.low:g} and {self.high:g}")
        return self


class BranchOf(Section):
    """An option with parameters of its own."""

    value: Value
    then: dict[str, Dimension] = Field(
        default_factory=dict, description="Parameters that exist only with this value."
    )


class ChoiceOf(Section):
    """One of a few values."""

    choice: tuple[Value | BranchOf, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: list[Value] = []
        for option in self.choice:
            value = option.value if isinstance(option, BranchOf) else option
            if value in seen:
                raise ValueError(f"names {value!r} twice")
            seen.append(value)
        return self


Dimension = RangeOf | ChoiceOf | Value
"""What a parameter may be: a range, a choice, or a fixed value."""

BranchOf.model_rebuild()


class Estimator(Section):
    """An estimator of the user's own, with scikit-learn's interface."""

    python: DottedPath = Field(description="The class, or a function that returns an estimator.")
    tasks: tuple[Task, ...] = Field(
        default=("binary", "multiclass", "regression"), min_length=1, description="What it can do."
    )
    space: dict[str, Dimension] = Field(
        default_factory=dict, description="Its parameters, and what they may be."
    )
    start: dict[str, Value] = Field(
        default_factory=dict, description="A point of the space that is known to be good."
    )

    @model_validator(mode="after")
    def _no_name_recurs_along_a_path(self) -> Self:
        _check_path(self.space, above=())
        return self


def _check_path(space: dict[str, Dimension], above: tuple[str, ...]) -> None:
    for name, given in space.items():
        if name in above:
            raise ValueError(f"space names {name!r} again below itself; give it another name")
        if isinstance(given, ChoiceOf):
            for option in given.choice:
                if isinstance(option, BranchOf):
                    _check_path(option.then, (*above, *space))


class Halving(Section):
    """Successive halving: many trials on little, the best of them on more."""

    around: Literal["grid", "random", "tpe", "anneal", "gp"] = "tpe"
    on: Literal["rows", "rounds"] = Field(default="rows", description="What a trial gets less of.")
    factor: int = Field(default=3, ge=2, le=10, description="One of so many goes on.")
    rungs: int = Field(default=3, ge=2, le=6)


class Search(Section):
    """The search for good models."""

    method: Literal["grid", "random", "tpe", "anneal", "gp", "halving"] = "tpe"
    algorithms: tuple[Name, ...] = Field(
        default=("xgboost", "hist_gradient_boosting", "linear", "mlp", "extra_trees", "svm"),
        min_length=1,
        description=f"Of {', '.join(SHIPPED_ALGORITHMS)}, and the names of `estimators`.",
    )
    estimators: dict[Name, Estimator] = Field(
        default_factory=dict, description="Estimators of your own, by the name `algorithms` uses."
    )
    space: dict[Name, dict[str, Dimension]] = Field(
        default_factory=dict,
        description="By algorithm: parameters that are to be other than the algorithm's own space.",
    )
    grid_values: int = Field(
        default=3, ge=2, le=50, description="For `grid`: how many values a range is cut into."
    )
    halving: Halving = Halving()
    budget_s: float | None = Field(
        default=60.0, gt=0, description="Seconds for search and ensemble together."
    )
    share: float = Field(
        default=0.75, gt=0, lt=1, description="Share of the seconds that the search may use."
    )
    trials: int | None = Field(
        default=None, ge=1, description="Number of trials, instead of seconds or beside them."
    )
    workers: int = Field(default=2, ge=1, le=16, description="Tasks that share the search.")
    max_budget_s: float = Field(
        default=3600.0, gt=0, description="Most that a trigger form may ask for."
    )
    warm_start: bool = Field(
        default=True, description="Begin with the best trials of the nights before."
    )
    seed: int = Field(default=0, ge=0)

    @property
    def must_be_examined(self) -> bool:
        """Whether only the algorithms themselves can tell that they can be searched like this."""
        return bool(self.space or self.estimators) or "gp" in (self.method, self.halving.around)

    @model_validator(mode="after")
    def _some_budget(self) -> Self:
        if self.budget_s is None and self.trials is None:
            raise ValueError("set budget_s, or trials, or both")
        if self.budget_s is not None and self.budget_s > self.max_budget_s:
            raise ValueError(
                f"budget_s {self.budget_s:g} is above max_budget_s {self.max_budget_s:g}"
            )
        return self

    @model_validator(mode="after")
    def _algorithms_exist(self) -> Self:
        taken = sorted(set(self.estimators) & set(SHIPPED_ALGORITHMS))
        if taken:
            raise ValueError(
                f"estimators.{taken[0]} has the name of a shipped algorithm; rename it"
            )
        known = (*SHIPPED_ALGORITHMS, *self.estimators)
        for place, names in (("algorithms", self.algorithms), ("space", tuple(self.space))):
            for name in names:
                if name not in known:
                    near = difflib.get_close_matches(name, known, n=1)
                    hint = f"did you mean {near[0]!r}?" if near else f"choose from {known}"
                    raise ValueError(f"{place} names {name!r}, which is no algorithm; {hint}")
        if len(set(self.algorithms)) < len(self.algorithms):
            raise ValueError("algorithms names one twice")
        return self


class Ensemble(Section):
    """How tonight's best members are combined."""

    methods: (
        Literal["auto"]
        | tuple[
            Literal["greedy", "blending", "stacking", "stacking_twice", "voting", "bagging"], ...
        ]
    ) = Field(
        default="auto",
        description="Combinations to try; an empty list: the best single member. `auto`: all of "
        "them, `stacking_twice` and `bagging` if the budget in seconds leaves time for them.",
    )
    max_members: int = Field(default=6, ge=1, le=50, description="Most members of the model.")
    max_size_mb: float | None = Field(default=None, gt=0, description="Largest file of the model.")
    max_latency_ms_per_1k: float | None = Field(
        default=None, gt=0, description="Most milliseconds for predicting 1,000 rows, one thread."
    )
    calibrate: Literal["auto", "none", "isotonic", "sigmoid"] = Field(
        default="auto", description="Calibration of probabilities; `auto` keeps it if it helps."
    )
    quantiles: tuple[float, ...] = Field(
        default=(), description="For regression: levels of an interval, such as [0.05, 0.95]."
    )
    fine_tune: bool = Field(
        default=False, description="Continue the champion's members on new rows, as one candidate."
    )

    @field_validator("quantiles")
    @classmethod
    def _levels_rise(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if not all(0 < level < 1 for level in levels) or list(levels) != sorted(set(levels)):
            raise ValueError("expected rising levels between 0 and 1")
        return levels


class Decision(Section):
    """What is done with a probability."""

    costs: dict[str, dict[str, float]] = Field(
        default_factory=dict,
        description="By true class, then by the class that is decided for: what it costs. A binary "
        "target's classes are 0 and 1, the positive one. What is not named costs nothing. The "
        "decision of least expected cost is stored with the model.",
    )

    @field_validator("costs", mode="before")
    @classmethod
    def _classes_are_named_by_text(cls, costs: object) -> object:
        return _with_text_keys(costs, deep=1)

    @field_validator("costs")
    @classmethod
    def _costs_are_numbers(cls, costs: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for truth, row in costs.items():
            for decided, cost in row.items():
                if not math.isfinite(cost):
                    raise ValueError(f"{truth}.{decided}: got {cost}, expected a finite number")
        return costs


def _with_text_keys(value: object, *, deep: int) -> object:
    """Return a mapping with keys that are text: in YAML a class may be a number or a boolean."""
    if not isinstance(value, dict):
        return value
    return {
        str(key): _with_text_keys(inner, deep=deep - 1) if deep else inner
        for key, inner in value.items()
    }
