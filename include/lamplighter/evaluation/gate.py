"""The gate: may the candidate replace the champion? A pure function of the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lamplighter.contracts import Evidence, Verdict
from lamplighter.errors import SpecError
from lamplighter.evaluation.metrics import Task, metric_named
from lamplighter.evaluation.wording import count, figure, span
from lamplighter.spec.gate import Gate


@dataclass(frozen=True)
class GateRule:
    """What the evidence must show. Fields as in the spec's section `gate`."""

    min_blocks: int = 10
    confidence: float = 0.95
    min_gain: float = 0.0
    guards: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, gate: Gate, task: Task) -> GateRule:
        """Return the rule that a spec declares; `SpecError` for a guard that is no metric."""
        for name in gate.guards:
            try:
                metric_named(name, task)
            except SpecError as error:
                raise SpecError(f"gate.guards: {error}") from None
        return cls(gate.min_blocks, gate.confidence, gate.min_gain, tuple(gate.guards.items()))


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
    """The gate's verdict and the sentence that gives its reason."""

    verdict: Verdict
    reason: str


def decide(
    evidence: Evidence | None,
    rule: GateRule,
    *,
    has_champion: bool,
    problems: Sequence[str] = (),
    guards: Sequence[GuardResult] = (),
    incomparable: str = "",
) -> Ruling:
    """Say whether the candidate replaces the champion, and why.

    In this order: a candidate with problems is rejected. A first model that has none is promoted
    (being better than the base rate is one of the checks that find problems). Where the two
    cannot be compared, a person has to decide. Below `rule.min_blocks` blocks nothing is decided. A
    broken guard rejects. Then the interval of the gain decides: above `rule.min_gain` promotes,
    below 0 rejects, anything else is inconclusive.

    Parameters
    ----------
    evidence : Evidence or None
        Paired losses of champion and candidate on blocks that neither saw; None: no such block.
    rule : GateRule
        What the evidence must show.
    has_champion : bool
        Whether there is a champion to replace.
    problems : sequence of str
        What sanity found wrong with the candidate.
    guards : sequence of GuardResult
        The metrics that must not get worse.
    incomparable : str
        Why the two cannot be compared; empty if they can.

    Returns
    -------
    Ruling
        Verdict and reason.

    Examples
    --------
    >>> decide(None, GateRule(), has_champion=False)
    Ruling(verdict='promote', reason='first model: it is sane and better than the base rate')
    """
    if problems:
        return Ruling("reject", f"not sane: {'; '.join(problems)}")
    if not has_champion:
        return Ruling("promote", "first model: it is sane and better than the base rate")
    if incomparable:
        return Ruling("inconclusive", incomparable)
    if evidence is None or evidence.gain is None or evidence.blocks < rule.min_blocks:
        return Ruling("inconclusive", _too_little(evidence, rule))
    broken = [str(guard) for guard in guards if not guard.kept]
    if broken:
        return Ruling("reject", f"a guard is broken: {'; '.join(broken)}")
    return _by_interval(evidence, rule)


def _by_interval(evidence: Evidence, rule: GateRule) -> Ruling:
    gain = evidence.gain
    assert gain is not None
    over = f"over {_extent(evidence)}"
    interval = f"{rule.confidence:.0%} interval {span(gain)}"
    if gain.upper < 0:
        return Ruling(
            "reject",
            f"{evidence.metric} is worse by {figure(-gain.value)} {over}: {interval} of gain",
        )
    if gain.lower > rule.min_gain:
        return Ruling(
            "promote", f"{evidence.metric} is better by {figure(gain.value)} {over}: {interval}"
        )
    return Ruling(
        "inconclusive",
        f"{evidence.metric} gain is {figure(gain.value)} {over}: {interval} does not lie above "
        f"{rule.min_gain:g}, nor below 0",
    )


def _too_little(evidence: Evidence | None, rule: GateRule) -> str:
    if evidence is None or evidence.blocks == 0:
        return f"no evidence that neither model saw; {rule.min_blocks} days or rows are needed"
    return f"{_extent(evidence)} of evidence, {rule.min_blocks} are needed"


def _extent(evidence: Evidence) -> str:
    if evidence.first_block is None:
        return count(evidence.blocks, "row")
    return f"{count(evidence.blocks, 'day')} ({evidence.first_block} to {evidence.last_block})"
