"""The spec's sections `explain` and `card`: what is said of every candidate, and at what cost."""

from __future__ import annotations

from pydantic import Field

from lamplighter.spec.values import Section


class Explain(Section):
    """How each candidate is explained before it is registered."""

    enabled: bool = Field(
        default=True,
        description="False: the model card has no explanations, and says so.",
    )
    rows: int = Field(
        default=2000,
        ge=100,
        le=100_000,
        description="Most rows of the hold-out that are used, drawn at random.",
    )
    repeats: int = Field(
        default=5,
        ge=1,
        le=50,
        description="How often each feature is shuffled; less often where there are many.",
    )
    features: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Features whose partial dependence is drawn, the most important first.",
    )
    max_seconds: float = Field(
        default=60,
        gt=0,
        description="When this is over, what is left is not done, and the card says what.",
    )


class Card(Section):
    """What only people know of a model; it stands in its model card. Empty: unknown."""

    intended_use: str = Field(default="", description="What the predictions are for.")
    out_of_scope: str = Field(default="", description="What they must not be used for.")
    limits: tuple[str, ...] = Field(default=(), description="Limits that are known, one each.")
    license: str = Field(default="", description="Licence of model and data.")
    contact: str = Field(
        default="", description="Whom to ask; the owner's team and email unless said."
    )
