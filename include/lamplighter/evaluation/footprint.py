"""Size and latency of the whole candidate, against the spec's limits."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.contracts import Estimate
from lamplighter.evaluation.check import Check

NOISE = 0.2
"""The share by which the fastest of several timings still differs on a machine with neighbours."""


@dataclass(frozen=True)
class Latency:
    """Timings of predicting 1,000 rows, one thread: the fastest, and of how many."""

    fastest_ms: float
    slowest_ms: float
    timings: int


def judge_size(megabytes: float, limit: float, *, key: str = "gate.max_size_mb") -> Check:
    """Hold the candidate's file against its limit.

    >>> judge_size(12.0, 10.0).sentence
    'the file has 12.00 MB, at most 10 are allowed (gate.max_size_mb)'
    """
    kept = megabytes <= limit
    sentence = f"the file has {megabytes:,.2f} MB, at most {limit:g} are allowed ({key})"
    return Check(
        "size", "", "size_mb", None, _exactly(megabytes), limit, kept, "" if kept else sentence
    )


def judge_latency(
    found: Latency, limit: float, *, key: str = "gate.max_latency_ms_per_1k"
) -> Check:
    """Hold the fastest timing against its limit, and say so where noise could have decided.

    Other work on the machine only ever slows a prediction down, so the fastest of several is
    what the model needs; it still differs from night to night. Within `NOISE` of the limit, above
    or below, the sentence says that another measurement might have decided otherwise.

    >>> judge_latency(Latency(9.5, 12.0, 15), 10.0).kept
    True
    """
    kept = found.fastest_ms <= limit
    close = abs(found.fastest_ms - limit) <= NOISE * limit
    sentence = (
        f"predicting 1,000 rows takes {found.fastest_ms:.1f} ms, the fastest of {found.timings} "
        f"(up to {found.slowest_ms:.1f}), at most {limit:g} ms are allowed "
        f"({key})"
    )
    if close:
        sentence += (
            f"; that is within {NOISE:.0%} of the limit, so another measurement might decide "
            "otherwise"
        )
    return Check(
        "latency",
        "",
        "latency_ms_per_1k",
        None,
        Estimate(value=found.fastest_ms, lower=found.fastest_ms, upper=found.slowest_ms),
        limit,
        kept,
        sentence if close or not kept else "",
    )


def _exactly(value: float) -> Estimate:
    return Estimate(value=value, lower=value, upper=value)
