"""The champion at any time, against an oracle that looks at every release in turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.contracts import Actor, ArtifactRef
from lamplighter.errors import StaleReleaseError
from lamplighter.ledger import ReleaseRequest

START = datetime(2013, 1, 1, tzinfo=UTC)
LATEST = 9
HORIZON = LATEST + 4
MODELS = ("flights", "payments")
TIMELINES = ("live", "simulated:a")

ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from(MODELS),
        st.sampled_from(TIMELINES),
        st.integers(0, LATEST),  # as_of
        st.integers(0, 3),  # what the approval took
    ),
    max_size=14,
)


@dataclass(frozen=True)
class Kept:
    """What the oracle remembers of a release."""

    id: int
    model: str
    timeline: str
    as_of: int
    valid_from: int


def test_the_champion_at_every_time_is_the_one_that_brute_force_finds(sqlite_ledger):
    @settings(max_examples=30, deadline=None)
    @given(attempts=ATTEMPTS)
    def agree(attempts):
        history = uuid4().hex  # each example writes about models of its own
        kept: list[Kept] = []
        for number, (model, timeline, as_of, took) in enumerate(attempts):
            name = f"{model}-{history}"
            _attempt(sqlite_ledger, kept, number, name, timeline, as_of, as_of + took)
        for model in MODELS:
            for timeline in TIMELINES:
                _compare(sqlite_ledger, kept, f"{model}-{history}", timeline)

    agree()


def _attempt(ledger, kept, number, model, timeline, as_of, valid_from):
    own = [k for k in kept if (k.model, k.timeline) == (model, timeline)]
    judged_against = own[-1].id if own else _champion(kept, model, timeline, as_of - 1)
    request = ReleaseRequest(
        key=f"{model}-{number}",
        model=model,
        version=str(number),
        artifact=ArtifactRef(key="k", digest="d", size_bytes=1),
        predecessor=judged_against or 0,
        as_of=_time(as_of),
        valid_from=_time(valid_from),
        actor=Actor(name="ada", kind="os_user"),
        reason="hypothesis",
        timeline=timeline,
    )
    in_time = not own or (as_of > own[-1].as_of and valid_from > own[-1].valid_from)
    try:
        stored = ledger.release(request)
    except StaleReleaseError:
        assert timeline == "live"
        assert not in_time
    else:
        assert timeline != "live" or in_time
        kept.append(Kept(stored.id, model, timeline, as_of, valid_from))


def _compare(ledger, kept, model, timeline):
    found = [ledger.champion(model, timeline=timeline, at=_time(t)) for t in range(HORIZON)]
    ids = [None if release is None else release.id for release in found]
    assert ids == [_champion(kept, model, timeline, t) for t in range(HORIZON)]
    for t, release in enumerate(found):
        if release is not None:
            later = [u for u in range(t + 1, HORIZON) if ids[u] != ids[t]]
            assert release.valid_to == (_time(later[0]) if later else None)


def _champion(kept, model, timeline, t):
    for place in (timeline, "live"):
        best = None
        for release in kept:
            if (release.model, release.timeline) != (model, place) or release.valid_from > t:
                continue
            if best is None or release.valid_from >= best.valid_from:
                best = release
        if best is not None:
            return best.id
    return None


def _time(number):
    return START + timedelta(hours=number)
