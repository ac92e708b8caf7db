"""Fairness: how differently groups are decided for, with intervals by whole days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from fairlearn.metrics import (
    MetricFrame,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from numpy.typing import ArrayLike

from lamplighter.contracts import Estimate
from lamplighter.evaluation.check import Check, keeps, simultaneous, too_few, unmeasured
from lamplighter.evaluation.groups import Group
from lamplighter.evaluation.intervals import LeftOut
from lamplighter.evaluation.ranking import Bools, Floats
from lamplighter.evaluation.wording import count, figure, span
from lamplighter.spec.checks import Fairness

_RATES = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
}
_OF_LIMIT = {
    "demographic_parity_difference": ("selection_rate",),
    "demographic_parity_ratio": ("selection_rate",),
    "equal_opportunity_difference": ("true_positive_rate",),
    "equalized_odds_difference": ("true_positive_rate", "false_positive_rate"),
}
_RATIO = "demographic_parity_ratio"


@dataclass(frozen=True)
class _Rate:
    """A rate of one group: its value, and what each day adds to it (see `LeftOut`)."""

    group: Group
    value: float
    daily: Floats


@dataclass(frozen=True)
class _Pair:
    """How far apart two groups are: a difference of rates, or of their logarithms."""

    first: _Rate
    second: _Rate
    apart: Estimate


def judge_fairness(
    rule: Fairness,
    columns: Sequence[Sequence[Group]],
    y: Floats,
    decided: Bools,
    blocks: ArrayLike | None,
    *,
    confidence: float,
) -> tuple[Check, ...]:
    r"""Measure the rates of each group, and hold the largest difference against its limit.

    The rates and what is made of them are fairlearn's [1]_. A largest difference of noisy rates
    is larger than the true one, and has no interval of its own that could be trusted; so each
    pair of groups gets one, by leaving out whole days, and the interval of the largest runs
    from the greatest of the pairs' lower ends to the greatest of their upper ends. Where every
    pair's interval holds, so does that.

    Parameters
    ----------
    rule : Fairness
        The spec's section.
    columns : sequence of sequences of Group
        The groups of each column; groups of different columns are not compared.
    y : ndarray of float, shape (n_rows,)
        0 or 1.
    decided : ndarray of bool, shape (n_rows,)
        Whether the row is decided for.
    blocks : array_like of str, shape (n_rows,), or None
        Day of each row.
    confidence : float
        Of the section as a whole; see `simultaneous`.

    Returns
    -------
    tuple of Check
        Each group's rates; then, for each column, the differences.

    References
    ----------
    .. [1] H. Weerts et al., "Fairlearn: Assessing and Improving Fairness of AI Systems", Journal
       of Machine Learning Research 24, 2023.
    """
    checks: list[Check] = []
    measured = []
    for groups in columns:
        large = [group for group in groups if group.size >= rule.min_rows]
        checks += [
            unmeasured(
                "fairness", str(g), "selection_rate", g.size, rule.missing,
                why=too_few(g.size, rule.min_rows),
            )
            for g in groups
            if g.size < rule.min_rows
        ]  # fmt: skip
        rates, untold = _rates(rule, large, y, decided, blocks)
        checks += untold
        measured.append((groups[0].column if groups else "", rates))
    limits = rule.limits.given
    pairs = sum(
        math.comb(len(rates[name]), 2)
        for _, rates in measured
        for limit in limits
        for name in _OF_LIMIT[limit]
    )
    each = simultaneous(confidence, pairs, rule.reject)
    timed = LeftOut.of(blocks, len(y))
    for column, rates in measured:
        checks += _shown(rates, timed, confidence)
        checks += _differences(rule, column, rates, timed, each)
    return tuple(checks)


def _rates(
    rule: Fairness, groups: Sequence[Group], y: Floats, decided: Bools, blocks: ArrayLike | None
) -> tuple[dict[str, list[_Rate]], list[Check]]:
    found: dict[str, list[_Rate]] = {name: [] for name in _RATES}
    untold: list[Check] = []
    if not groups:
        return found, untold
    days = LeftOut.of(blocks, len(y))
    values = _values(groups, y, decided)
    for name in _RATES:
        for group in groups:
            among = group.rows & _among(name, y)
            if not among.any():
                lacks = "positive" if name == "true_positive_rate" else "negative"
                why = f"has {count(group.size, 'row')} and no {lacks} label, so no {name}"
                untold.append(
                    unmeasured("fairness", str(group), name, group.size, rule.missing, why=why)
                )
                continue
            daily = _daily(days, among, decided)
            if daily is None:
                why = f"has a {name} that rests on one day"
                untold.append(
                    unmeasured("fairness", str(group), name, group.size, rule.missing, why=why)
                )
            else:
                found[name].append(_Rate(group, values[name][group.name], daily))
    return found, untold


def _values(groups: Sequence[Group], y: Floats, decided: Bools) -> dict[str, dict[str, float]]:
    """Return fairlearn's rates by name and group, of rows that lie in a group."""
    number = np.full(len(y), -1)
    for place, group in enumerate(groups):
        number[group.rows] = place
    values: dict[str, dict[str, float]] = {}
    for name, rate in _RATES.items():
        rows = (number >= 0) & _among(name, y)
        if not rows.any():
            values[name] = {}
            continue
        # Rows that are alike come in once, with their number: a year's are few then.
        times = np.bincount(4 * number[rows] + 2 * y[rows].astype(int) + decided[rows])
        alike = np.flatnonzero(times)
        frame = MetricFrame(
            metrics=rate,
            y_true=alike // 2 % 2,
            y_pred=alike % 2,
            sensitive_features=alike // 4,
            sample_params={"sample_weight": times[alike]},
        )
        values[name] = {groups[int(n)].name: float(v) for n, v in frame.by_group.items()}
    return values


def _among(name: str, y: Floats) -> Bools:
    """Return the rows that a rate is a share of."""
    if name == "selection_rate":
        return np.ones(len(y), dtype=bool)
    return np.asarray(y == (1 if name == "true_positive_rate" else 0))


def _daily(days: LeftOut, among: Bools, decided: Bools) -> Floats | None:
    chosen = days.sums((among & decided).astype(float))
    rows = days.sums(among.astype(float))

    def rate(counts: Floats) -> Floats:
        below = counts @ rows
        share = np.full(len(below), np.nan)
        np.divide(counts @ chosen, below, out=share, where=below > 0)
        return share

    values = days.pseudo_values(rate) if days.groups > 1 else np.full(1, np.nan)
    return values if np.isfinite(values).all() else None


def _shown(rates: dict[str, list[_Rate]], days: LeftOut, confidence: float) -> list[Check]:
    checks = []
    for name, of_groups in rates.items():
        for rate in of_groups:
            mean = days.of_pseudo_values(rate.daily)
            if mean is not None:
                interval = mean.interval(confidence)
                estimate = Estimate(
                    value=rate.value, lower=max(interval.lower, 0), upper=min(interval.upper, 1)
                )
                checks.append(Check("fairness", str(rate.group), name, rate.group.size, estimate))
    return checks


def _differences(
    rule: Fairness, column: str, rates: dict[str, list[_Rate]], days: LeftOut, confidence: float
) -> list[Check]:
    limits = rule.limits.given
    checks = []
    for name, of_rates in _OF_LIMIT.items():
        if name == _RATIO and name not in limits:
            continue
        pairs = [
            pair
            for of_rate in of_rates
            for pair in _pairs(rates[of_rate], days, confidence, ratio=name == _RATIO)
        ]
        if pairs:
            checks.append(_largest(rule, column, name, pairs, limits.get(name)))
        elif name in limits:
            why = f"has no two groups with a {' or '.join(of_rates)}"
            checks.append(unmeasured("fairness", column, name, 0, rule.missing, why=why))
    return checks


def _pairs(rates: Sequence[_Rate], days: LeftOut, confidence: float, *, ratio: bool) -> list[_Pair]:
    found = []
    for one, other in combinations(rates, 2):
        if ratio and min(one.value, other.value) <= 0:
            found.append(_Pair(one, other, _apart_from_nobody(one, other, days, confidence)))
            continue
        # A small change of a logarithm is the change over the value.
        by = (one.value, other.value) if ratio else (1.0, 1.0)
        mean = days.of_pseudo_values(one.daily / by[0] - other.daily / by[1])
        if mean is not None:
            value = math.log(one.value / other.value) if ratio else one.value - other.value
            reach = mean.interval(confidence).upper - mean.value
            found.append(_Pair(one, other, _size(value, reach)))
    return found


def _apart_from_nobody(one: _Rate, other: _Rate, days: LeftOut, confidence: float) -> Estimate:
    """Return how far apart the logarithms are where nobody of a group is decided for.

    Of n rows without a single one the share is surely below ``-ln(alpha) / n`` [1]_.

    References
    ----------
    .. [1] J. A. Hanley and A. Lippman-Hand, "If Nothing Goes Wrong, Is Everything All Right?",
       JAMA 249, 1983.
    """
    none, some = sorted((one, other), key=lambda rate: rate.value)
    if some.value == 0:
        return Estimate(value=0.0, lower=0.0, upper=0.0)
    most = -math.log((1 - confidence) / 2) / none.group.size
    mean = days.of_pseudo_values(some.daily)
    least = mean.interval(confidence).lower if mean else 0.0
    surely = math.log(least / most) if least > most else 0.0
    return Estimate(value=math.inf, lower=surely, upper=math.inf)


def _size(value: float, reach: float) -> Estimate:
    """Return how far a number with its interval is from 0."""
    return Estimate(value=abs(value), lower=max(abs(value) - reach, 0), upper=abs(value) + reach)


def _largest(
    rule: Fairness, column: str, name: str, pairs: Sequence[_Pair], limit: float | None
) -> Check:
    value, lower, upper = (
        max(getattr(pair.apart, end) for pair in pairs) for end in ("value", "lower", "upper")
    )
    ratio = name == _RATIO
    estimate = (
        Estimate(value=math.exp(-value), lower=math.exp(-upper), upper=math.exp(-lower))
        if ratio
        else Estimate(value=value, lower=lower, upper=min(upper, 1.0))
    )
    far = max(pairs, key=lambda pair: pair.apart.value)
    between = " and ".join(
        f"{rate.group.name} ({figure(rate.value)}, {rate.group.size:,} rows)"
        for rate in (far.first, far.second)
    )
    rows = sum({r.group.name: r.group.size for p in pairs for r in (p.first, p.second)}.values())
    about = f"{column}: {far.first.group.name} and {far.second.group.name}"
    if limit is None:
        return Check("fairness", about, name, rows, estimate)
    kept = keeps(estimate, limit, rule.reject, least=ratio)
    sentence = (
        f"{name} of {column} is {figure(estimate.value)} ({span(estimate)}), between {between}; "
        f"at {'least' if ratio else 'most'} {limit:g} is allowed (gate.fairness.limits.{name})"
    )
    return Check("fairness", about, name, rows, estimate, limit, kept, "" if kept else sentence)
