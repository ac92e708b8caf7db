"""The reckoning of a replay: what each policy lost, spent and got wrong, and against whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lamplighter.evaluation.means import mean_of_days
from lamplighter.evaluation.ranking import Bools, Floats, Ints
from lamplighter.spec.retrain import Economics
from lamplighter.steps.replay.enact import NightPlayed

REFEREE_NIGHTS = 28
"""So many days after a promotion the referee looks at, or until the end of the replay."""

_SURE = 0.95


@dataclass(frozen=True)
class Promotion:
    """A champion that replaced another, and what the days after it showed.

    `gain` is how much lower its mean daily loss was than that of the one it replaced; a promotion
    is false where that is negative. None where nothing was replaced, or no day followed.
    """

    as_of: str
    model: str
    replaced: str | None
    days: int
    gain: float | None
    lower: float | None
    upper: float | None
    false: bool
    surely_false: bool


@dataclass(frozen=True, kw_only=True)
class Account:
    """What one policy came to. Losses are means over predictions, costs in the spec's money.

    Attributes
    ----------
    mean_loss : float or None
        Over the days on which every policy had a champion.
    regret : float or None
        Its mean loss above that of the clairvoyant, who uses on each day the best of all models
        that any policy had trained by then.
    above_best : float or None
        Its mean loss above that of the best policy of this replay.
    compute_s : float
        Seconds of its trainings, also of those that another policy had done before.
    cost : float or None
        Trainings and losses by `retrain.economics`; None without.
    """

    policy: str
    gate: str
    timeline: str
    trainings: int
    promotions: int
    judged_promotions: int
    false_promotions: int
    surely_false_promotions: int
    stopped_nights: int
    compute_s: float
    mean_loss: float | None
    regret: float | None
    above_best: float | None
    cost: float | None
    cost_above_best: float | None
    champions: tuple[Promotion, ...]
    daily_loss: tuple[float | None, ...]


@dataclass(frozen=True)
class Reckoning:
    """All accounts of a replay, and the clairvoyant's losses."""

    accounts: tuple[Account, ...]
    clairvoyant: tuple[float | None, ...]
    clairvoyant_mean: float | None
    rows: tuple[int, ...]
    compared_days: int

    def document(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def reckon(
    timelines: Mapping[tuple[str, str, str], Sequence[NightPlayed]],
    losses: Mapping[str, Floats],
    counts: Ints,
    *,
    economics: Economics | None,
) -> Reckoning:
    """Reckon up every timeline from the same losses.

    Parameters
    ----------
    timelines : mapping of (policy, gate, timeline) to nights
        The nights of each, all of the same length.
    losses : mapping of str to array of float, shape (n_nights,)
        Mean loss of each model, by digest, in each night's day; NaN before it was trained.
    counts : array of int, shape (n_nights,)
        Predictions of each night's day.
    economics : Economics or None
        What things cost.
    """
    daily = {who: _daily(nights, losses, len(counts)) for who, nights in timelines.items()}
    compared = (counts > 0) & np.all([~np.isnan(own) for own in daily.values()], axis=0)
    best = _least(losses, len(counts))
    means = {who: _mean(own, counts, compared) for who, own in daily.items()}
    costs = {
        who: _cost(own, counts, compared, _trainings(timelines[who]), economics)
        for who, own in daily.items()
    }
    clairvoyant = _mean(best, counts, compared)
    accounts = [
        _account(who, nights, losses)
        | {
            "mean_loss": means[who],
            "regret": _above(means[who], clairvoyant),
            "above_best": _above(means[who], _lowest(means)),
            "cost": costs[who],
            "cost_above_best": _above(costs[who], _lowest(costs)),
            "daily_loss": _plain(daily[who]),
        }
        for who, nights in timelines.items()
    ]
    return Reckoning(
        accounts=tuple(Account(**account) for account in accounts),
        clairvoyant=_plain(best),
        clairvoyant_mean=clairvoyant,
        rows=tuple(int(count) for count in counts),
        compared_days=int(compared.sum()),
    )


def judged_promotion(
    night: NightPlayed, place: int, losses: Mapping[str, Floats]
) -> Promotion | None:
    """Let the referee look at the days after a release; None where nothing was released."""
    new, old = night.released, night.replaced
    if new is None:
        return None
    after = slice(place, place + REFEREE_NIGHTS)
    gains = np.empty(0)
    if old is not None:
        gains = (losses[old.digest] - losses[new.digest])[after]
        gains = gains[~np.isnan(gains)]
    mean = mean_of_days(gains)
    interval = mean.interval(_SURE) if mean else None
    gain = float(gains.mean()) if len(gains) else None
    return Promotion(
        as_of=night.as_of,
        model=new.as_of,
        replaced=old.as_of if old else None,
        days=len(gains),
        gain=gain,
        lower=interval.lower if interval else None,
        upper=interval.upper if interval else None,
        false=gain is not None and gain < 0,
        surely_false=interval is not None and interval.upper < 0,
    )


def _account(
    who: tuple[str, str, str], nights: Sequence[NightPlayed], losses: Mapping[str, Floats]
) -> dict[str, Any]:
    policy, gate, timeline = who
    found = [judged_promotion(night, place, losses) for place, night in enumerate(nights)]
    promotions = tuple(promotion for promotion in found if promotion is not None)
    return {
        "policy": policy,
        "gate": gate,
        "timeline": timeline,
        "trainings": _trainings(nights),
        "promotions": len(promotions),
        "judged_promotions": sum(promotion.gain is not None for promotion in promotions),
        "false_promotions": sum(promotion.false for promotion in promotions),
        "surely_false_promotions": sum(promotion.surely_false for promotion in promotions),
        "stopped_nights": sum(bool(night.stopped) for night in nights),
        "compute_s": sum(night.training_s for night in nights),
        "champions": promotions,
    }


def _daily(nights: Sequence[NightPlayed], losses: Mapping[str, Floats], length: int) -> Floats:
    own = np.full(length, np.nan)
    for place, night in enumerate(nights):
        if night.champion is not None:
            own[place] = losses[night.champion.digest][place]
    return own


def _least(losses: Mapping[str, Floats], length: int) -> Floats:
    known = np.array(list(losses.values())) if losses else np.full((1, length), np.nan)
    filled = np.where(np.isnan(known), np.inf, known).min(axis=0)
    return np.where(np.isinf(filled), np.nan, filled)


def _trainings(nights: Sequence[NightPlayed]) -> int:
    return sum(night.trained is not None for night in nights)


def _mean(daily: Floats, counts: Ints, compared: Bools) -> float | None:
    if not compared.any():
        return None
    return float(np.average(daily[compared], weights=counts[compared]))


def _cost(
    daily: Floats, counts: Ints, compared: Bools, trainings: int, economics: Economics | None
) -> float | None:
    mean = _mean(daily, counts, compared)
    if economics is None or mean is None:
        return None
    lost = mean * int(counts[compared].sum()) * economics.loss_cost_per_1000 / 1000
    return trainings * economics.training_cost + lost


def _lowest(values: Mapping[Any, float | None]) -> float | None:
    return min((value for value in values.values() if value is not None), default=None)


def _above(value: float | None, least: float | None) -> float | None:
    return None if value is None or least is None else value - least


def _plain(values: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in values)
