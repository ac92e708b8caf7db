"""The forms with which a person triggers a run: every value with its type, range and default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import Param

if TYPE_CHECKING:
    from lamplighter.spec import ModelSpec

# Airflow checks a `format` only where an optional package is installed, but always a pattern.
_WITH_ZONE = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$"
_MOST_TRIALS = 10_000
_LONGEST_REASON = 1_000
_MOST_REASONS = 10


def train_form(spec: ModelSpec) -> dict[str, Param]:
    """Return the form of `<model>__train`."""
    search = spec.search
    usual = " and ".join(
        text
        for text, given in (
            (f"{search.budget_s or 0:g} s", search.budget_s is not None),
            (f"{search.trials} trials", search.trials is not None),
        )
        if given
    )
    return {
        "as_of": _as_of(),
        "knowledge_time": _knowledge_time("Use labels that were known until then. Empty: as of."),
        "force_retrain": Param(
            False,
            type="boolean",
            title="Force retraining",
            description="Train even if the spec's retraining policy says no.",
        ),
        "gate_mode": Param(
            spec.gate.mode,
            type="string",
            enum=["off", "dry_run", "enforce"],
            title="Gate mode",
            description="enforce: the verdict decides. dry_run: judge, but release nothing. "
            "off: release any candidate that passes the sanity checks.",
        ),
        "budget_s": Param(
            None,
            type=["null", "number"],
            minimum=1,
            maximum=search.max_budget_s,
            title="Budget in seconds",
            description="Seconds for search and ensemble together, at most "
            f"{search.max_budget_s:g}. Empty, with no trials either: as the spec says, {usual}.",
        ),
        "trials": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            maximum=_MOST_TRIALS,
            title="Trials",
            description="Number of trials of the search, instead of seconds.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Train and judge, but register and release nothing.",
        ),
        "reason": reason(),
    }


def score_form() -> dict[str, Param]:
    """Return the form of `<model>__score`."""
    return {
        "as_of": _as_of(),
        "hours": Param(
            24,
            type="integer",
            minimum=1,
            maximum=24 * 366,
            title="Hours",
            description="Score the examples whose prediction time lies in this many hours before "
            "as of. A scheduled run scores its own data interval instead.",
        ),
        "reasons": Param(
            0,
            type="integer",
            minimum=0,
            maximum=_MOST_REASONS,
            title="Reasons",
            description="For each prediction, name this many features that moved it most. Takes "
            "longer the more features there are.",
        ),
        "reason": reason(),
    }


def evaluate_form() -> dict[str, Param]:
    """Return the form of `<model>__evaluate`."""
    return {
        "as_of": _as_of(),
        "knowledge_time": _knowledge_time(
            "Judge by labels that were known until then. Empty: by those known when the day ended, "
            "and by those known when all of them had matured."
        ),
        "by": Param(
            "champion",
            type="string",
            pattern=r"^(champion|current|version:[A-Za-z0-9_.-]+)$",
            title="Who is judged",
            description="champion: whoever was champion at the time. current: today's champion, "
            "whatever the day. version:N: that version.",
        ),
        "reason": reason(),
    }


def _knowledge_time(description: str) -> Param:
    return Param(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=_WITH_ZONE,
        title="Knowledge time",
        description=description,
    )


def answer_form() -> dict[str, Param]:
    """Return what a person who approves or rejects a promotion may say with it."""
    return {
        "reason": Param(
            "",
            type="string",
            maxLength=_LONGEST_REASON,
            title="Reason",
            description="Why you answer so; it goes into the ledger.",
            source="task",
        )
    }


def _as_of() -> Param:
    return Param(
        None,
        type=["null", "string"],
        format="date-time",
        pattern=_WITH_ZONE,
        title="As of",
        description="The instant the run pretends is now: nothing that became known later is "
        "used. Empty: the end of the run's data interval.",
    )


def reason() -> Param:
    """Return the field in which a person says why."""
    return Param(
        "",
        type="string",
        maxLength=_LONGEST_REASON,
        title="Reason",
        description="Why you start this run; it goes into the ledger.",
    )
