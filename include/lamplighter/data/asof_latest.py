"""The newest row that was known at a time, for many times at once."""

from __future__ import annotations

import heapq

import numpy as np

from lamplighter.data.asof_versions import Ints, Versions


def latest_positions(versions: Versions, groups: Ints, *, wanted_groups: Ints, times: Ints) -> Ints:
    """Find, per time, the version that stands then and happened last.

    Only what has happened by the time counts. Of versions with the same event time the one
    that became known last wins, then the later one in the frame.

    Parameters
    ----------
    groups : array of int, shape (n_versions,)
        Group of each version, -1 for none.
    wanted_groups, times : array of int, shape (n_times,)
        The group and the time, in microseconds, of each answer.

    Returns
    -------
    array of int, shape (n_times,)
        Positions of the versions, -1 where there is none.
    """
    usable = np.flatnonzero(~versions.deleted & (groups >= 0))
    by_recency = usable[np.lexsort((usable, versions.known[usable], versions.event[usable]))]
    recency = np.full(len(versions), -1, dtype=np.int64)
    recency[by_recency] = np.arange(len(by_recency))
    found = _newest_begun(versions, groups, by_recency, recency, wanted_groups, times)
    asked = np.flatnonzero(found >= 0)
    asked = asked[versions.superseded[found[asked]] <= times[asked]]
    # There the newest has been deleted, or corrected to another time, since. Such times are few,
    # and are answered by walking through their groups.
    members = _by_group(usable, groups) if len(asked) else {}
    for group, indices in _by_group(asked, wanted_groups).items():
        found[indices] = _walk(versions, members[group], recency, times[indices])
    return found


def _newest_begun(
    versions: Versions,
    groups: Ints,
    by_recency: Ints,
    recency: Ints,
    wanted_groups: Ints,
    times: Ints,
) -> Ints:
    """Return the most recent version begun by each time, superseded or not."""
    begin = np.maximum(versions.known, versions.event)[by_recency]
    distinct, ranks = np.unique(begin, return_inverse=True)
    stride = len(distinct) + 1
    place = groups[by_recency] * stride + ranks + 1
    order = np.argsort(place, kind="stable")
    # Groups ascend in this order, so a running maximum of (group, recency) starts anew in each.
    size = len(by_recency) + 1
    newest = np.maximum.accumulate(groups[by_recency][order] * size + recency[by_recency][order])
    wanted = wanted_groups * stride + np.searchsorted(distinct, times, side="right")
    last = np.searchsorted(place[order], wanted, side="right") - 1
    found = np.full(len(times), -1, dtype=np.int64)
    begun = (last >= 0) & (wanted_groups >= 0)
    begun[begun] = newest[last[begun]] // size == wanted_groups[begun]
    found[begun] = by_recency[newest[last[begun]] % size]
    return found


def _by_group(positions: Ints, groups: Ints) -> dict[int, Ints]:
    if not len(positions):
        return {}
    order = positions[np.argsort(groups[positions], kind="stable")]
    starts = np.flatnonzero(np.diff(groups[order])) + 1
    return {int(groups[part[0]]): part for part in np.split(order, starts)}


def _walk(versions: Versions, members: Ints, recency: Ints, times: Ints) -> Ints:
    """Go through one group in time; a heap holds what has begun, the most recent on top."""
    begin = np.maximum(versions.known[members], versions.event[members])
    order = np.argsort(begin, kind="stable")
    waiting, begin = members[order], begin[order]
    found = np.full(len(times), -1, dtype=np.int64)
    heap: list[tuple[int, int]] = []
    entered = 0
    for index in np.argsort(times, kind="stable"):
        time = times[index]
        while entered < len(waiting) and begin[entered] <= time:
            version = int(waiting[entered])
            heapq.heappush(heap, (-int(recency[version]), version))
            entered += 1
        while heap and versions.superseded[heap[0][1]] <= time:
            heapq.heappop(heap)
        if heap:
            found[index] = heap[0][1]
    return found
