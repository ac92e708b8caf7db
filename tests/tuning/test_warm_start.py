"""Warm start: what was found before is tried first, and compared only at tonight's level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamplighter.training.space import Range
from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.warm_start import MOST_INHERITED, at_tonights_level, inherited_trials

SPACES = {"a": {"x": Range(0, 1)}}


def trial(index: int, x: float, loss: float | None, **changes: object) -> TrialRecord:
    record = TrialRecord(index, "a", {"x": x}, loss=loss, seconds=1.0, status="ok")
    return replace(record, **changes)


def inherit(*trials: TrialRecord, **how: float) -> list[TrialRecord]:
    return inherited_trials([trials], spaces=SPACES, **how)


def test_the_best_come_first_under_negative_indices():
    found = inherit(trial(0, 0.1, 0.5), trial(1, 0.2, 0.3), trial(2, 0.3, 0.4))
    assert [(t.index, t.params["x"]) for t in found] == [(-1, 0.2), (-2, 0.3), (-3, 0.1)]


@pytest.mark.parametrize(
    "useless",
    [
        trial(0, 0.1, None, status="failed"),
        trial(0, 2.0, 0.1),
        trial(0, 0.1, 0.1, algorithm="gone"),
        trial(0, 0.1, 0.1, fidelity=0.3),
        trial(-4, 0.1, 0.1),
    ],
    ids=["failed", "outside", "gone", "part", "inherited itself"],
)
def test_what_tonights_search_cannot_go_by_is_left_out(useless):
    assert inherit(useless) == []


def test_what_a_fit_found_by_itself_is_no_part_of_the_point():
    (found,) = inherit(trial(0, 0.1, 0.2, params={"x": 0.1, "rounds": 40}))
    assert found.params == {"x": 0.1}


def test_after_drift_only_the_best_share_is_believed():
    trials = [trial(i, i / 100, i / 100) for i in range(100)]
    assert len(inherit(*trials)) == MOST_INHERITED
    assert [t.loss for t in inherit(*trials, keep_fraction=0.05)] == [0.0, 0.01, 0.02]
    assert inherit(*trials, keep_fraction=0.0) == []


def test_losses_of_several_nights_count_from_the_best_of_their_own():
    newer = [trial(0, 0.1, 0.30), trial(1, 0.2, 0.35)]
    older = [trial(0, 0.3, 0.80), trial(1, 0.2, 0.81), trial(2, 0.4, 0.83)]
    found = inherited_trials([newer, older], spaces=SPACES)
    assert [(t.params["x"], t.loss) for t in found] == [
        (0.1, pytest.approx(0.30)), (0.3, pytest.approx(0.30)),
        (0.4, pytest.approx(0.33)), (0.2, pytest.approx(0.35)),
    ]  # fmt: skip


def test_losses_of_an_easier_night_are_moved_to_tonights_level():
    before = inherit(trial(0, 0.1, 0.20), trial(1, 0.2, 0.25), trial(2, 0.3, 0.40))
    tonight = [trial(0, 0.1, 0.50, params={"x": 0.1, "rounds": 9}), trial(1, 0.2, 0.57)]
    moved = at_tonights_level(before, tonight)
    # The two points tried on both nights got worse by .30 and .32.
    assert [t.loss for t in moved] == pytest.approx([0.51, 0.56, 0.71])


def test_before_a_point_was_tried_again_nothing_is_comparable():
    assert at_tonights_level(inherit(trial(0, 0.1, 0.2)), [trial(0, 0.9, 0.5)]) == []
