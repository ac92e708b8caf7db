"""What each feature contributes to an ensemble's scores: TreeSHAP of boosters, weighted.

Where `contributions` explains one prediction against a typical row, this asks the boosters
themselves, whose trees know what they expect, and speaks of many rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lamplighter.training.bagging import Bag
from lamplighter.training.encoded_rows import EncodedRows, Places
from lamplighter.training.members.algorithm import Member
from lamplighter.training.members.xgboost import XGBoostMember
from lamplighter.training.predictor import Predictor
from lamplighter.training.target import Floats

Method = Literal["tree_shap", "two_orders"]

_SMALLEST = 1e-6
_CELLS_AT_ONCE = 4_000_000
_FEWEST_ROWS = 20
_NODES_AND_ROWS = 60_000_000
"""Nodes times rows that TreeSHAP is asked for: some two seconds on one thread."""

_MOST_PREDICTIONS = 200_000
"""Rows that members without trees of XGBoost's predict, in all orders together."""


@dataclass(frozen=True)
class Part:
    """A member, or one of those that a bag averages."""

    name: str
    member: Member
    place: int
    weight: float

    @property
    def method(self) -> Method:
        """How its contributions are found."""
        return "tree_shap" if isinstance(self.member, XGBoostMember) else "two_orders"


@dataclass(frozen=True)
class Attribution:
    """What each feature added to the score of each row.

    Attributes
    ----------
    features : tuple of str
    score : ndarray of float, shape (n_rows,)
        Log odds of the positive class; of several classes, the centred log probability of the one
        that is predicted; or the value.
    base : ndarray of float, shape (n_rows,)
        The score that is expected before a feature is known.
    values : ndarray of float, shape (n_rows, n_features)
        ``base + values.sum(axis=1) + rest`` is the score.
    rest : ndarray of float, shape (n_rows,)
        What combining and calibrating the members adds, where that is not linear in their scores.
    methods : dict of str to {"tree_shap", "two_orders"}
        Of each member.
    weights : dict of str to float
        How much a member's contributions count.
    """

    features: tuple[str, ...]
    score: Floats
    base: Floats
    values: Floats
    rest: Floats
    methods: dict[str, Method]
    weights: dict[str, float]

    @property
    def explained(self) -> float | None:
        """Share of the scores' variance that base and values account for; None if there is none."""
        moved = self.score - self.base
        total = float(((moved - moved.mean()) ** 2).sum())
        missed = float(((self.rest - self.rest.mean()) ** 2).sum())
        return 1 - missed / total if total > 0 else None


def attribute(
    rows: EncodedRows,
    asked: Places,
    *,
    typical: Mapping[str, int],
    seconds_left: Callable[[], float] = lambda: math.inf,
) -> Attribution | None:
    r"""Attribute scores of an ensemble to features.

    A booster's contributions are XGBoost's own: exact Shapley values of its trees, against what the
    trees expect. Another member's are those of `lamplighter.training.contributions`: one feature
    after the other takes the row's value in place of a typical row's, in the model's order and its
    reverse. Both add up to the member's margin.

    With :math:`\phi_{mj}` the contribution of feature *j* to the margin of member *m* and
    :math:`w_m` its weight in the ensemble, the contribution to the ensemble's score is
    :math:`s \sum_m w_m \phi_{mj}`: Shapley values are linear, so this is exact for stacking, which
    adds up margins. Blending averages probabilities instead, and calibration bends them; there
    *s*, and the base, are what fits the scores best by least squares, and what remains is `rest`.

    Parameters
    ----------
    rows : EncodedRows
    asked : ndarray of int, shape (n_rows,)
        Places of the rows to explain.
    typical : mapping of str to int
        For each feature, the place of a row whose value stands for it where it is left out.
    seconds_left : callable
        When nothing is left, nothing is returned.
    """
    predictor = rows.predictor
    names = predictor.features
    predicted = rows(asked, {})
    classes = predicted.argmax(axis=1) if predicted.ndim == 2 else None
    score = score_of(predicted, predictor.task, classes)
    parts = list(_parts(predictor))
    values = np.zeros((len(asked), len(names)))
    expected = np.zeros(len(asked))
    for part in parts:
        found = _of_part(part, rows, asked, typical, classes, seconds_left)
        if found is None:
            return None
        by_feature, base = found
        values += part.weight * by_feature
        expected += part.weight * base
    slope, offset = _scale(expected + values.sum(axis=1), score, classes)
    base = slope * expected + offset
    values *= slope
    return Attribution(
        features=names,
        score=score,
        base=base,
        values=values,
        rest=score - base - values.sum(axis=1),
        methods={part.name: part.method for part in parts},
        weights=dict(zip(predictor.names, predictor.combiner.weights(), strict=True)),
    )


def score_of(predicted: Floats, task: str, classes: NDArray[np.intp] | None) -> Floats:
    """Return log odds, centred log probabilities of the given classes, or the values."""
    if task == "regression":
        return predicted
    likely = np.clip(predicted, _SMALLEST, 1 - _SMALLEST)
    if classes is None:
        return np.asarray(np.log(likely / (1 - likely)))
    logs = np.log(likely)
    return np.asarray(logs[np.arange(len(logs)), classes] - logs.mean(axis=1))


def affordable_rows(predictor: Predictor) -> int:
    """Return how many rows can be explained in some seconds, by the sizes of the members."""
    nodes = orders = 1
    for part in _parts(predictor):
        if isinstance(part.member, XGBoostMember):
            nodes += part.member.size
        else:
            orders += 2 * len(predictor.encoders[part.place].names)
    return max(_FEWEST_ROWS, min(_NODES_AND_ROWS // nodes, _MOST_PREDICTIONS // orders))


def _parts(predictor: Predictor) -> Iterator[Part]:
    weights = predictor.combiner.weights()
    for name, member, place, weight in zip(
        predictor.names, predictor.members, predictor.encoder_of, weights, strict=True
    ):
        bagged = member.members if isinstance(member, Bag) else (member,)
        for one in bagged:
            yield Part(name, one, place, weight / len(bagged))


def _of_part(
    part: Part,
    rows: EncodedRows,
    asked: Places,
    typical: Mapping[str, int],
    classes: NDArray[np.intp] | None,
    seconds_left: Callable[[], float],
) -> tuple[Floats, Floats] | None:
    """Return a member's contributions, shape (n_rows, n_features), and its base of each row."""
    if not isinstance(part.member, XGBoostMember):
        return _by_two_orders(part, rows, asked, typical, classes, seconds_left)
    names = rows.predictor.features
    encoder = rows.predictor.encoders[part.place]
    columns = np.array([names.index(name) for name in encoder.names])[encoder.sources]
    outputs = len(rows.predictor.classes) if classes is not None else 1
    at_once = max(1, _CELLS_AT_ONCE // (outputs * (len(columns) + 1)))
    values, base = np.zeros((len(asked), len(names))), np.zeros(len(asked))
    for start in range(0, len(asked), at_once):
        if seconds_left() <= 0:
            return None
        chunk = slice(start, start + at_once)
        X = rows.encoded[part.place].rows(asked[chunk])
        found = part.member.contributions(X, threads=rows.threads)
        chosen = found[:, 0]
        if classes is not None:
            chosen = found[np.arange(len(found)), classes[chunk]] - found.mean(axis=1)
        base[chunk] = chosen[:, -1]
        for column, feature in enumerate(columns):
            values[chunk, feature] += chosen[:, column]
    return values, base


def _by_two_orders(
    part: Part,
    rows: EncodedRows,
    asked: Places,
    typical: Mapping[str, int],
    classes: NDArray[np.intp] | None,
    seconds_left: Callable[[], float],
) -> tuple[Floats, Floats] | None:
    names, task = rows.predictor.features, rows.predictor.task
    read = rows.predictor.encoders[part.place].names
    stands_for = {name: np.full_like(asked, typical[name]) for name in read}

    def score(known: set[str]) -> Floats:
        taken = {name: stands_for[name] for name in read if name not in known}
        X = rows.exchanged(part.place, asked, taken)
        return score_of(part.member.predict(X, threads=rows.threads), task, classes)

    values, base = np.zeros((len(asked), len(names))), score(set())
    whole = score(set(read))
    for order in (read, read[::-1]):
        before, known = base, set()
        for name in order:
            if seconds_left() <= 0:
                return None
            known.add(name)
            now = whole if len(known) == len(read) else score(known)
            values[:, names.index(name)] += (now - before) / 2
            before = now
    return values, base


def _scale(margin: Floats, score: Floats, classes: NDArray[np.intp] | None) -> tuple[float, Floats]:
    """Return the slope, and the offset of each row's class, that fit the score to the margin."""
    groups = np.zeros(len(score), dtype=np.intp) if classes is None else classes
    counts = np.maximum(np.bincount(groups), 1)
    centre = (np.bincount(groups, margin) / counts)[groups]
    middle = (np.bincount(groups, score) / counts)[groups]
    spread = float(((margin - centre) ** 2).sum())
    slope = float(((margin - centre) * (score - middle)).sum()) / spread if spread > 1e-12 else 1.0
    return slope, middle - slope * centre
