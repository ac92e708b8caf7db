"""The curves of a replay's page: none hides another."""

from __future__ import annotations

import re

from lamplighter.steps.replay.chart import Curve, curves_over_time

DAYS = ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-04"]


def lines(*curves: Curve) -> list[dict[str, str]]:
    drawing = str(curves_over_time(DAYS, curves, title="Loss"))
    found = re.findall(r"<polyline ([^>]*)/>", drawing)
    return [dict(re.findall(r'([a-z-]+)="([^"]*)"', line)) for line in found]


def test_curves_that_are_equal_take_turns_with_their_dashes() -> None:
    one, other = lines(Curve("one", (1.0, 2.0, 3.0, 1.0)), Curve("other", (1.0, 2.0, 3.0, 1.0)))
    assert one["points"] == other["points"]
    assert one["stroke"] != other["stroke"]
    dash, gap = map(int, one["stroke-dasharray"].split())
    assert other["stroke-dasharray"] == one["stroke-dasharray"]
    # The second begins where the first one's dash ends, and fills just its gap.
    assert (int(one["stroke-dashoffset"]), -int(other["stroke-dashoffset"])) == (0, dash)
    assert gap == dash


def test_curves_are_drawn_whole_again_from_where_they_part() -> None:
    found = lines(Curve("one", (1.0, 2.0, 3.0, 1.0)), Curve("other", (1.0, 2.0, 2.5, 1.5)))
    shared = [line for line in found if "stroke-dasharray" in line]
    alone = [line for line in found if "stroke-dasharray" not in line]
    assert len(shared) == len(alone) == 2
    assert len({line["points"] for line in shared}) == 1
    assert [len(line["points"].split()) for line in alone] == [3, 3]


def test_a_gap_parts_a_curve() -> None:
    found = lines(Curve("one", (1.0, 2.0, None, None)), Curve("other", (2.0, 1.0, 1.5, 3.0)))
    assert [len(line["points"].split()) for line in found] == [2, 4]
