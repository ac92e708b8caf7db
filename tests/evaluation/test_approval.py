"""When a person has to approve a release."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from lamplighter.contracts import Guard
from lamplighter.evaluation.approval import needs_approval
from lamplighter.spec.approval import Approval


def guard(worse_by: float | None, limit: float = 0.01) -> Guard:
    return Guard(metric="roc_auc", champion=0.7, candidate=0.7, worse_by=worse_by, limit=limit)


CLOSE = Approval(when="close_guard", close_fraction=0.8)


@pytest.mark.parametrize(
    ("worse_by", "asked"),
    [(-0.01, False), (0.0, False), (0.0079, False), (0.008, True), (0.01, True), (0.02, True)],
)
def test_a_guard_is_close_from_the_share_of_its_limit_on(worse_by: float, asked: bool) -> None:
    assert bool(needs_approval(CLOSE, guards=[guard(worse_by)])) is asked


def test_where_nothing_may_get_worse_the_same_is_close_and_better_is_not() -> None:
    assert needs_approval(CLOSE, guards=[guard(0.0, limit=0.0)])
    assert not needs_approval(CLOSE, guards=[guard(-1e-9, limit=0.0)])


def test_a_guard_that_was_not_measured_counts_as_close() -> None:
    assert "could not be measured" in needs_approval(CLOSE, guards=[guard(None)])


def test_a_release_without_guards_is_asked_about_only_where_always_is_said() -> None:
    assert needs_approval(CLOSE) == ""
    assert needs_approval(Approval(when="always")) == "gate.approval.when is always"


def test_a_written_rule_asks_even_where_the_section_never_does() -> None:
    said = needs_approval(Approval(), guards=[guard(0.01)], asked_by="the champion does not load")
    assert said == "the champion does not load"


def test_every_reason_is_said() -> None:
    said = needs_approval(CLOSE, guards=[guard(0.009), guard(0.0)], asked_by="the target changed")
    assert said == (
        "the target changed; the guard roc_auc is worse by 0.0090, close to the 0.01 that is "
        "allowed"
    )


def test_a_deadline_of_no_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="deadline is 0s, expected more"):
        Approval.model_validate({"deadline": "0s"})
