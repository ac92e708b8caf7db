"""Functions whose minimum is known, in place of fits, and searches over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lamplighter.training.space import Branch, Choice, Range, Space
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.methods import Method, Spaces

Losses = Mapping[str, Callable[[Mapping[str, Any]], float]]

BOOSTER: Space = {
    "rate": Range(0.01, 0.5, log=True),
    "depth": Range(2, 12, whole=True),
    "leaves": Range(4, 256, log=True, whole=True),
    "rows": Range(0.5, 1.0),
    "categories": Choice(("native", "ranked", "none")),
}

_WIDTH = Range(8, 256, log=True, whole=True)
NETWORK: Space = {
    "rate": Range(1e-4, 1e-1, log=True),
    "layers": Choice(
        (0, Branch(1, {"width_1": _WIDTH}), Branch(2, {"width_1": _WIDTH, "width_2": _WIDTH}))
    ),
    "activation": Choice(("relu", "tanh")),
}


def booster_loss(p: Mapping[str, Any]) -> float:
    """Return 0 at a rate of .06, depth 6, 32 leaves, 80 % of the rows and native categories."""
    return (
        (math.log(p["rate"] / 0.06) / 2) ** 2
        + ((p["depth"] - 6) / 4) ** 2
        + (math.log(p["leaves"] / 32) / 3) ** 2
        + (p["rows"] - 0.8) ** 2
        + {"native": 0.0, "ranked": 0.1, "none": 0.5}[p["categories"]]
    )


def network_loss(p: Mapping[str, Any]) -> float:
    """Return 0 at a rate of .01, two layers of 64 and relu."""
    widths = [p[name] for name in ("width_1", "width_2") if name in p]
    return (
        math.log10(p["rate"] / 0.01) ** 2 / 4
        + (2 - p["layers"]) * 0.3
        + sum((math.log2(width) - 6) ** 2 / 10 for width in widths)
        + (0.2 if p["activation"] == "tanh" else 0.0)
    )


LOSSES: Losses = {"booster": booster_loss, "network": network_loss}


def search(
    method: Method,
    spaces: Spaces,
    *,
    trials: int,
    seed: int = 0,
    losses: Losses = LOSSES,
    before: list[TrialRecord] | None = None,
) -> list[TrialRecord]:
    """Search with one worker, from what ended before; losses have noise of a standard .01."""
    ended = list(before or [])
    for index in range(len(ended), trials):
        found = method.suggest(index, seed=seed, spaces=spaces, trials=ended)
        if found is None:
            break
        noise = np.random.default_rng([seed, index]).normal(scale=0.01 / found.fidelity)
        loss = losses[found.algorithm](found.params) + float(noise)
        ended.append(
            TrialRecord(
                index,
                found.algorithm,
                found.params,
                loss,
                seconds=1.0,
                status="ok",
                fidelity=found.fidelity,
            )
        )
    return ended


def regret(trials: list[TrialRecord], losses: Losses = LOSSES) -> float:
    """Return the true loss of the trial that looked best, of those on all rows."""
    whole = [t for t in trials if t.fidelity == 1.0 and t.loss is not None]
    best = min(whole, key=lambda t: t.loss or 0.0)
    return losses[best.algorithm](best.params)
