"""Size and latency: limits, and what is said near them."""

import pytest

from lamplighter.evaluation.check import Check, compact, problems_of
from lamplighter.evaluation.footprint import Latency, judge_latency, judge_size


@pytest.mark.parametrize(("megabytes", "kept"), [(9.99, True), (10.0, True), (10.01, False)])
def test_a_file_keeps_its_limit_to_the_byte(megabytes, kept):
    assert judge_size(megabytes, 10.0).kept is kept


@pytest.mark.parametrize(
    ("fastest", "kept", "said"),
    [(5.0, True, ""), (9.0, True, "might decide otherwise"), (11.0, False, "might decide"),
     (30.0, False, "(gate.max_latency_ms_per_1k)")],
)  # fmt: skip
def test_latency_near_its_limit_says_that_noise_could_decide(fastest, kept, said):
    found = judge_latency(Latency(fastest, 40.0, 15), 10.0)
    assert (found.kept, said in found.sentence, bool(found.sentence)) == (kept, True, bool(said))
    if fastest == 30.0:
        assert "might decide" not in found.sentence


def test_of_many_problems_the_first_are_said_and_how_many_more():
    failed = [Check("slices", f"s{n}", "x", 1, None, 1.0, False, f"bad {n}") for n in range(12)]
    said = problems_of(failed)
    assert (said[0], len(said)) == ("bad 0", 9)
    assert said[-1] == "and 4 more checks that failed, see the evaluation"


def test_the_next_step_gets_the_failed_checks_first_and_no_more_than_xcom_carries():
    kept = [Check("slices", f"s{n}{'x' * 99}", "x", 1, None, 1.0, True) for n in range(40)]
    shown = Check("slices", "shown", "x", 1, None)
    failed = Check("cost", "", "cost", 1, None, 1.0, False, "too dear")
    found = compact([shown, *kept, failed])
    assert (len(found), found[0].section, found[1].about[:3]) == (20, "cost", "s0x")
    assert sum(len(check.model_dump_json()) for check in found) < 4_000
