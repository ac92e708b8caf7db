"""The spec's section `evidence`: how a challenger collects it, and how sure the gate must be."""

from __future__ import annotations

from pydantic import Field

from lamplighter.spec.values import Section


class Evidence(Section):
    """How a challenger is compared with the champion, day after day."""

    false_promotions_per_year: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Probability, in a year in which no challenger is better, that one is "
        "promoted all the same. Each night may spend its share.",
    )
    patience_days: int = Field(
        default=75,
        ge=10,
        le=730,
        description="Days of evidence after which a challenger that is not shown to be better "
        "gives up its place.",
    )
