"""Which algorithm the next trial is of, where a method searches several."""

from __future__ import annotations

from collections.abc import Sequence

from lamplighter.tuning.history import Past


def promising(names: Sequence[str], points: Sequence[Past]) -> list[str]:
    """Rank algorithms by how many trials each has had for its place: the fewest first.

    The algorithm with the least loss is due one trial, the next one half a trial, the third a
    third: the best gets most, and none is forgotten, for it may get better yet.

    Examples
    --------
    >>> points = [Past(0, "a", {}, 0.1), Past(1, "b", {}, 0.2), Past(2, "b", {}, 0.3)]
    >>> promising(["a", "b", "c"], points)
    ['c', 'a', 'b']
    """
    best_first = sorted((past.loss, past.index, past.algorithm) for past in points)
    places = list(dict.fromkeys(algorithm for _, _, algorithm in best_first))

    def had(name: str) -> int:
        place = places.index(name) + 1 if name in places else 0
        return place * sum(past.algorithm == name for past in points)

    return sorted(names, key=had)
