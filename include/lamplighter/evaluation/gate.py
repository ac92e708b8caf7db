"""The gate: may the candidate replace the champion? A pure function of the evidence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from lamplighter.contracts import Evidence, NightsLook, Verdict
from lamplighter.errors import SpecError
from lamplighter.evaluation.daily_differences import as_normal
from lamplighter.evaluation.means import Mean
from lamplighter.evaluation.metrics import Task, metric_named
from lamplighter.evaluation.sequential import (
    Look,
    critical_value,
    spending,
)
from lamplighter.evaluation.wording import count, figure, span
from lamplighter.spec.evidence import Evidence as EvidenceSection
from lamplighter.spec.gate import Gate

_DAYS_OF_A_YEAR = 365.0
_HALF, _FALLEN_BEHIND = 0.5, -0.5


@dataclass(frozen=True)
class GateRule:
    """What the evidence must show. Fields as in the spec's sections `gate` and `evidence`."""

    min_blocks: int = 10
    confidence: float = 0.95
    min_gain: float = 0.0
    guards: tuple[tuple[str, float], ...] = ()
    margin: float | None = None
    false_promotions_per_year: float = 0.05
    patience_days: int = 75

    @classmethod
    def of(cls, gate: Gate, task: Task, evidence: EvidenceSection | None = None) -> GateRule:
        """Return the rule that a spec declares; `SpecError` for a guard that is no metric."""
        for name in gate.guards:
            try:
                metric_named(name, task)
            except SpecError as error:
                raise SpecError(f"gate.guards: {error}") from None
        asked = evidence or EvidenceSection()
        return cls(
            gate.min_blocks,
            gate.confidence,
            gate.min_gain,
            tuple(gate.guards.items()),
            gate.margin,
            asked.false_promotions_per_year,
            asked.patience_days,
        )

    @property
    def null(self) -> float:
        """The gain that is not enough: `min_gain`, or minus the margin of a non-inferiority."""
        return self.min_gain if self.margin is None else -self.margin


@dataclass(frozen=True)
class Tenure:
    """How long a contender has collected evidence, and what that has cost so far.

    Parameters
    ----------
    accrued_days : float
        Days' worth of the yearly budget that nobody had used when it came; at most the patience
        counts.
    held_days : float
        Days since it took the challenger's place; 0 for tonight's candidate.
    looks : tuple of NightsLook
        The looks of the nights before.
    """

    accrued_days: float = 1.0
    held_days: float = 0.0
    looks: tuple[NightsLook, ...] = ()

    def unspent_days(self, rule: GateRule) -> float:
        """Return for how many days' worth of the budget this contender did not use up."""
        a_day = rule.false_promotions_per_year / _DAYS_OF_A_YEAR
        spent = sum(look.spent for look in self.looks) / a_day
        return max(_accrued(rule, self) + self.held_days - spent, 0.0)


@dataclass(frozen=True)
class GuardResult:
    """A metric that must not get worse, measured for both models on the same rows."""

    metric: str
    champion: float | None
    candidate: float | None
    worse_by: float | None
    limit: float

    @property
    def kept(self) -> bool:
        """Whether the metric is known and within its limit."""
        return self.worse_by is not None and self.worse_by <= self.limit

    def __str__(self) -> str:
        if self.worse_by is None:
            return f"{self.metric} could not be measured for both models"
        return (
            f"{self.metric} is {self.candidate:.4f} against {self.champion:.4f}, "
            f"worse by {self.worse_by:.4f} where {self.limit:g} is allowed"
        )


@dataclass(frozen=True)
class Ruling:
    """The gate's verdict, the sentence that gives its reason, and what it rests on.

    `distance` is how far the gain lies above what is not enough, in standard errors and on the
    scale of the normal law; `bound` is what it had to reach tonight, so that the year's budget
    holds; `look` what tonight's look may spend of it. None where there was no look.
    """

    verdict: Verdict
    reason: str
    distance: float | None = None
    bound: float | None = None
    look: NightsLook | None = None


def decide(
    evidence: Evidence | None,
    rule: GateRule,
    *,
    has_champion: bool,
    problems: Sequence[str] = (),
    guards: Sequence[GuardResult] = (),
    tenure: Tenure | None = None,
) -> Ruling:
    """Say whether the contender replaces the champion, and why.

    In this order: one with problems is rejected. A first model that has none is promoted (being
    better than the base rate is one of the checks that find problems). Where the two cannot be
    compared, `decide_without_comparison` has the rules. Below `rule.min_blocks` blocks nothing is
    decided. A broken guard rejects tonight's candidate; a challenger, whose days still come in,
    only when it would be promoted. Then the gain decides: reaching tonight's bound promotes; an
    interval of `rule.confidence` below what is not enough rejects, as do a patience that has run
    out and a chance of promotion that after half of the time is below 1 %. Anything else is
    inconclusive, and evidence goes on being collected.

    Tonight's bound is such that promotions of models that are not better stay within
    `rule.false_promotions_per_year`, whatever number of models are looked at however often; see
    `sequential.critical_value`. Without time there is one look at each candidate, which may spend
    what accrued since the look before.

    Parameters
    ----------
    evidence : Evidence or None
        Paired losses of champion and contender on blocks that neither saw; None: no such block.
    rule : GateRule
        What the evidence must show.
    has_champion : bool
        Whether there is a champion to replace.
    problems : sequence of str
        What sanity found wrong with the candidate.
    guards : sequence of GuardResult
        The metrics that must not get worse.
    tenure : Tenure, optional
        How long evidence has been collected. Default: a first look, a day after the last one.

    Returns
    -------
    Ruling
        Verdict, reason and what they rest on.

    Examples
    --------
    >>> decide(None, GateRule(), has_champion=False).reason
    'first model: it is sane and better than the base rate'
    """
    tenure = tenure or Tenure()
    if problems:
        return Ruling("reject", f"not sane: {'; '.join(problems)}")
    if not has_champion:
        return Ruling("promote", "first model: it is sane and better than the base rate")
    if evidence is None or evidence.gain is None or evidence.blocks < rule.min_blocks:
        return _too_early(evidence, rule, tenure)
    broken = [str(guard) for guard in guards if not guard.kept]
    if broken and not tenure.looks and not tenure.held_days:
        return Ruling("reject", f"a guard is broken: {'; '.join(broken)}")
    ruling = _by_gain(evidence, rule, tenure)
    if broken and ruling.verdict == "promote":
        reason = f"{ruling.reason}; but a guard is broken: {'; '.join(broken)}"
        return Ruling("reject", reason, ruling.distance, ruling.bound, ruling.look)
    return ruling


def _by_gain(evidence: Evidence, rule: GateRule, tenure: Tenure) -> Ruling:
    gain = evidence.gain
    assert gain is not None
    measured = Mean(
        gain.value, evidence.standard_error or 0.0, evidence.degrees_of_freedom or float("inf")
    )
    distance = as_normal(measured, rule.null)
    look, bound = _tonights_bound(evidence, rule, tenure)
    found = (distance, bound, look)
    over = f"over {_extent(evidence)}"
    interval = f"{rule.confidence:.0%} interval {span(gain)}"
    if distance >= bound:
        return Ruling("promote", f"{_said(evidence, rule)} {over}: {interval}", *found)
    if gain.upper < min(rule.null, 0.0):
        how = "worse" if rule.margin is None else "worse by more than the margin"
        return Ruling("reject", f"{evidence.metric} is {how} {over}: {interval} of gain", *found)
    state = (
        f"{evidence.metric} gain is {figure(gain.value)} {over}: {interval}; it lies "
        f"{_position(distance, rule)}"
    )
    needed = _needed(bound, look, tenure)
    if tenure.held_days >= rule.patience_days and evidence.first_block is not None:
        patience = f"the patience of {count(rule.patience_days, 'day')} has run out"
        return Ruling("reject", f"{patience}: {state}, {needed}", *found)
    if distance < _FALLEN_BEHIND and _half_is_over(rule, tenure) and evidence.first_block:
        return Ruling("reject", f"after half of its time it is behind: {state}", *found)
    return Ruling("inconclusive", f"{state}, {needed}", *found)


def _position(distance: float, rule: GateRule) -> str:
    where = "above" if distance >= 0 else "below"
    return f"{abs(distance):.2f} standard errors {where} {rule.null:g}"


def _needed(bound: float, look: NightsLook, tenure: Tenure) -> str:
    if math.isfinite(bound):
        return f"and {bound:.2f} above it are needed tonight"
    if any(look.days <= before.days for before in tenure.looks):
        return "and no day has come since the last look"
    return "and tonight none of the year's budget is left to risk"


def _tonights_bound(evidence: Evidence, rule: GateRule, tenure: Tenure) -> tuple[NightsLook, float]:
    if evidence.first_block is None:
        share = min(tenure.accrued_days / _DAYS_OF_A_YEAR, 1.0)
        look = NightsLook(
            days=evidence.blocks,
            spent=rule.false_promotions_per_year * share,
            floor=_floor(evidence, rule, tenure),
        )
        return look, float(stats.norm.isf(look.spent))
    before = sum(look.spent for look in tenure.looks)
    whole, budget = _budget(rule, tenure)
    allowed = spending((_accrued(rule, tenure) + tenure.held_days) / whole, budget)
    look = NightsLook(
        days=evidence.blocks,
        spent=max(allowed - before, 0.0),
        floor=_floor(evidence, rule, tenure),
    )
    looks = (*tenure.looks, look)
    return look, critical_value(tuple(Look(one.days, one.spent, one.floor) for one in looks))


def _budget(rule: GateRule, tenure: Tenure) -> tuple[float, float]:
    """Return a contender's days, those before it came included, and what they may spend."""
    whole = _accrued(rule, tenure) + rule.patience_days
    return whole, rule.false_promotions_per_year * whole / _DAYS_OF_A_YEAR


def _accrued(rule: GateRule, tenure: Tenure) -> float:
    return min(tenure.accrued_days, float(rule.patience_days))


def _floor(evidence: Evidence, rule: GateRule, tenure: Tenure) -> float:
    """Return the distance below which a contender gives up: surely behind; later, just behind."""
    if evidence.first_block is not None and _half_is_over(rule, tenure):
        return _FALLEN_BEHIND
    return -float(stats.norm.isf((1 - rule.confidence) / 2))


def _half_is_over(rule: GateRule, tenure: Tenure) -> bool:
    return tenure.held_days >= _HALF * rule.patience_days


def _said(evidence: Evidence, rule: GateRule) -> str:
    gain = evidence.gain
    assert gain is not None
    if rule.margin is None or gain.value > 0:
        return f"{evidence.metric} is better by {figure(gain.value)}"
    return (
        f"{evidence.metric} is worse by {figure(-gain.value)}, which is within the margin of "
        f"{rule.margin:g},"
    )


def _too_early(evidence: Evidence | None, rule: GateRule, tenure: Tenure) -> Ruling:
    if tenure.held_days >= rule.patience_days:
        patience = f"the patience of {count(rule.patience_days, 'day')} has run out"
        return Ruling("reject", f"{patience}: {_too_little(evidence, rule)}")
    return Ruling("inconclusive", _too_little(evidence, rule))


def _too_little(evidence: Evidence | None, rule: GateRule) -> str:
    if evidence is None or evidence.blocks == 0:
        return f"no evidence that neither model saw; {rule.min_blocks} days or rows are needed"
    return f"{_extent(evidence)} of evidence, {rule.min_blocks} are needed"


def _extent(evidence: Evidence) -> str:
    if evidence.first_block is None:
        return count(evidence.blocks, "row")
    return f"{count(evidence.blocks, 'day')} ({evidence.first_block} to {evidence.last_block})"
