"""What an approver reads: the verdict and its evidence, and what happens without an answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lamplighter.contracts import ApprovalRef, Evidence, Guard
from lamplighter.evaluation.wording import count, figure, span
from lamplighter.ledger import Decision
from lamplighter.steps.night import Night


def question_subject(approval: ApprovalRef, model: str) -> str:
    """Return the question in a line."""
    return f"Promote version {approval.version} of {model}?"


def question_text(
    night: Night, approval: ApprovalRef, judged: Decision, *, links: Mapping[str, str] | None = None
) -> str:
    """Return the question with its evidence, as Markdown.

    Parameters
    ----------
    judged : Decision
        The promotion that is to be approved.
    links : mapping of str to str, optional
        Names and addresses of what there is to read.
    """
    rows = [
        f"| {_inline(name)} | {_inline(value)} |" for name, value in _facts(night, approval, judged)
    ]
    read = " · ".join(f"[{name}]({address})" for name, address in (links or {}).items())
    parts = [
        f"**{judged.verdict}**: {_inline(judged.reason)}.",
        f"You are asked because {_inline(approval.why)}.",
        "\n".join(["| what | found |", "|---|---|", *rows]),
        *([f"To read: {read}"] if read else []),
        _inline(_who_may(approval)).replace(_until(approval), f"**{_until(approval)}**")
        + f" {_what_follows(approval)}",
    ]
    return "\n\n".join(parts)


def question_lines(night: Night, approval: ApprovalRef, judged: Decision) -> str:
    """Return the same for a terminal."""
    facts = list(_facts(night, approval, judged))
    widest = max(len(name) for name, _ in facts)
    return "\n".join(
        [
            f"{judged.verdict}: {judged.reason}.",
            f"You are asked because {approval.why}.",
            "",
            *(f"  {name:{widest}}  {value}" for name, value in facts),
            "",
            f"{_who_may(approval)} {_what_follows(approval)}",
        ]
    )


def _facts(night: Night, approval: ApprovalRef, judged: Decision) -> Iterator[tuple[str, str]]:
    yield "version", f"{approval.version}, of the night as of {night.run.as_of:%Y-%m-%d %H:%M %Z}"
    yield "replaces", _champion(night)
    found = judged.evidence
    if found.get("evidence"):
        yield from _gain(Evidence.model_validate(found["evidence"]))
    yield from _budget(found, night.spec.evidence.false_promotions_per_year)
    for guard in found.get("guards", ()):
        yield f"guard {guard['metric']}", _guard(Guard.model_validate(guard))
    for name, estimate in (found.get("metrics") or {}).items():
        yield f"hold-out {name}", _estimate(estimate)
    drift = found.get("drift") or {}
    if drift.get("sentences"):
        yield "drift", "; ".join(drift["sentences"])


def _champion(night: Night) -> str:
    champion = night.champion()
    if champion is None:
        return "nobody: it would be the first champion"
    return f"version {champion.version}, champion since {champion.valid_from:%Y-%m-%d}"


def _gain(evidence: Evidence) -> Iterator[tuple[str, str]]:
    if evidence.gain is not None:
        yield f"gain in {evidence.metric}", f"{figure(evidence.gain.value)} ({span(evidence.gain)})"
    extent = count(evidence.blocks, "row" if evidence.first_block is None else "day")
    between = f", {evidence.first_block} to {evidence.last_block}" if evidence.first_block else ""
    yield "evidence", f"{extent}{between}, {count(evidence.rows, 'row')} that neither model saw"


def _budget(found: Mapping[str, Any], yearly: float) -> Iterator[tuple[str, str]]:
    """Say how often this model was looked at, and what that risked of a false promotion."""
    if found.get("looks"):
        yield (
            "looks",
            f"{count(found['looks'], 'night')} looked at it and risked {figure(found['spent'])} of "
            f"the {yearly:g} false promotions that a year may see",
        )


def _guard(guard: Guard) -> str:
    if guard.worse_by is None or guard.candidate is None or guard.champion is None:
        return "could not be measured for both models"
    change = "worse" if guard.worse_by > 0 else "better"
    return (
        f"{guard.candidate:.4f} against {guard.champion:.4f}: {change} by "
        f"{abs(guard.worse_by):.4f}, {guard.limit:g} worse is allowed"
    )


def _estimate(estimate: Mapping[str, Any]) -> str:
    return f"{estimate['value']:.4f} ({estimate['lower']:.4f} to {estimate['upper']:.4f})"


def _who_may(approval: ApprovalRef) -> str:
    who = f"{', '.join(approval.assignees)} may answer" if approval.assignees else "Please answer"
    return f"{who} until {_until(approval)};"


def _until(approval: ApprovalRef) -> str:
    return f"{approval.until:%Y-%m-%d %H:%M %Z}"


def _what_follows(approval: ApprovalRef) -> str:
    return (
        f"without an answer the version is {approval.without_answer}. The champion stays meanwhile."
    )


def _inline(text: str) -> str:
    """Return text so that nothing in it reads as Markdown or HTML."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~" else c for c in text)
