"""A champion that is no measure: a person decides, unless the spec says that nobody has to."""

from __future__ import annotations

from lamplighter.contracts import Estimate
from lamplighter.evaluation.incomparable import decide_without_comparison
from lamplighter.spec.gate import Gate

GOOD = Estimate(value=0.40, lower=0.38, upper=0.42)
ALIKE = Estimate(value=0.42, lower=0.40, upper=0.44)
BAD = Estimate(value=0.60, lower=0.58, upper=0.62)


def test_a_broken_champion_is_replaced_by_a_persons_approval() -> None:
    ruling, asked = decide_without_comparison(
        "broken_champion", "it is gone", Gate(), candidate=ALIKE, last_known=GOOD, metric="log_loss"
    )
    assert ruling.verdict == "promote"
    assert ruling.reason == (
        "it is gone; the candidate is sane and better than the base rate; its log_loss is 0.4200 "
        "(0.4000 to 0.4400), the champion's was 0.4000 (0.3800 to 0.4200) when last measured"
    )
    assert asked == "it is gone (gate.on_broken_champion)"


def test_the_spec_may_have_a_broken_champion_replaced_without_a_person() -> None:
    gate = Gate(on_broken_champion="promote")
    for known in (None, GOOD, BAD):
        _, asked = decide_without_comparison(
            "broken_champion", "it is gone", gate, candidate=ALIKE, last_known=known
        )
        assert asked == ""


def test_what_is_surely_worse_than_the_champion_was_is_put_before_a_person_in_any_case() -> None:
    _, asked = decide_without_comparison(
        "broken_champion",
        "it is gone",
        Gate(on_broken_champion="promote"),
        candidate=BAD,
        last_known=GOOD,
        metric="log_loss",
    )
    assert asked.startswith("the candidate is surely worse than the champion was")


def test_another_target_asks_a_person_unless_the_spec_says_otherwise() -> None:
    ruling, asked = decide_without_comparison("changed_target", "it predicts x", Gate())
    assert (ruling.verdict, asked) == ("promote", "it predicts x (gate.on_changed_target)")
    gate = Gate(on_changed_target="promote")
    assert decide_without_comparison("changed_target", "it predicts x", gate)[1] == ""
