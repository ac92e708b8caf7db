"""The spec's section `gate.behaviour`: tests of how a candidate behaves on held-out rows."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from lamplighter.spec.checks import Value
from lamplighter.spec.values import DottedPath, Section


class Invariance(Section):
    """Changing a feature within a set of values must not change the prediction."""

    column: str = Field(description="The feature that is changed.")
    values: tuple[Value, ...] = Field(
        min_length=2, description="Rows that have one of these values get each of the others."
    )
    tolerance: float = Field(
        default=0.0, ge=0, description="Most by which a prediction may change, in its own unit."
    )
    violations: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the rows that may break it."
    )


class Monotonicity(Section):
    """Changing a number in one direction must not move the prediction in the wrong one."""

    column: str = Field(description="The feature that is changed; a number.")
    by: float = Field(description="What is added to it; negative: what is taken away.")
    prediction: Literal["rises", "falls"] = Field(
        default="rises", description="Where the prediction may go, or stay."
    )
    of_class: Value | None = Field(
        default=None, description="For multiclass: the class whose probability is meant."
    )
    tolerance: float = Field(
        default=0.0, ge=0, description="What does not yet count as a wrong move."
    )
    violations: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the rows that may break it."
    )

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.by == 0 or not math.isfinite(self.by):
            raise ValueError(f"by is {self.by:g}; give a finite number other than 0")
        return self


class Functionality(Section):
    """Rows of which everybody knows the answer."""

    name: str = Field(description="What they have in common, for the reader.")
    rows: DottedPath | tuple[dict[str, Value], ...] = Field(
        description="Features by name, a row each, or a function () -> DataFrame. A feature that "
        "is left out has the median, or the commonest value, of the held-out rows."
    )
    above: float | None = Field(
        default=None, allow_inf_nan=False, description="Predictions must lie above this."
    )
    below: float | None = Field(
        default=None, allow_inf_nan=False, description="Predictions must lie below this."
    )
    of_class: Value | None = Field(
        default=None, description="For multiclass: the class whose probability is meant."
    )
    violations: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the rows that may break it."
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.above is None and self.below is None:
            raise ValueError("says neither above nor below; give the bound of the predictions")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"above {self.above:g} is not less than below {self.below:g}")
        if not self.rows:
            raise ValueError("rows is empty; give a row at least")
        return self


class Behaviour(Section):
    """Tests of behaviour; a broken one rejects the candidate."""

    rows: int = Field(default=2_000, ge=1, description="Most held-out rows used, evenly spread.")
    invariance: tuple[Invariance, ...] = ()
    monotonicity: tuple[Monotonicity, ...] = ()
    functionality: tuple[Functionality, ...] = ()

    @property
    def names_a_class(self) -> bool:
        """Whether a test means the probability of a class that it names."""
        named = [test.of_class for test in self.monotonicity]
        named += [test.of_class for test in self.functionality]
        return any(label is not None for label in named)
