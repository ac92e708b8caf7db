"""Neural networks of one to three layers, whose architecture is searched with everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

from lamplighter.features.encode import Encoded
from lamplighter.training.members.algorithm import Algorithm, Fit, Rows
from lamplighter.training.members.dense_design import SCALES, DenseDesign, Matrix
from lamplighter.training.members.network import ACTIVATIONS, Lesson, Network, train
from lamplighter.training.space import Branch, Choice, Range
from lamplighter.training.target import Floats, Target

_STEPS = 4_000
_MAX_EPOCHS = 150
_MIN_EPOCHS = 8
_FINE_TUNING = 0.2


@dataclass(frozen=True)
class MlpMember:
    """A network on its design matrix; for regression, of the target in units of its spread."""

    design: DenseDesign
    network: Network = field(compare=False)
    center: float
    unit: float
    target: Target
    rounds: int

    def predict(self, X: Encoded, *, threads: int) -> Floats:
        outputs = self.network(self.design.transform(X)).astype(np.float64)
        if self.target.task == "regression":
            return np.asarray(self.center + self.unit * outputs[:, 0])
        if self.target.task == "binary":
            return np.asarray(expit(outputs[:, 0]))
        return np.asarray(softmax(outputs, axis=1))


def _fit(train_rows: Rows, fit: Fit) -> MlpMember:
    rng = np.random.default_rng(fit.seed)
    start = fit.start if isinstance(fit.start, MlpMember) else None
    design = DenseDesign.fit(train_rows.X, scale=fit.params["scale"])
    center, unit = _unit(train_rows.y, fit.target)
    if start is not None:
        design, center, unit = start.design, start.center, start.unit
    network = start.network if start is not None else _drawn(design, train_rows, fit, rng)

    batch = _batch(len(train_rows))
    epochs = int(np.clip(_STEPS * batch / len(train_rows), _MIN_EPOCHS, _MAX_EPOCHS))
    judge = None
    if fit.validation is not None and len(fit.validation):
        matrix = design.transform(fit.validation.X)
        truth = (fit.validation.y - center) / unit
        weights = fit.validation.weights

        def judge(network: Network) -> float:
            return _loss(network(matrix), truth, weights, fit.target)

    lesson = Lesson(
        epochs=epochs,
        last=min(epochs, int(fit.params.get("rounds", epochs))),
        batch=batch,
        rate=float(fit.params["learning_rate"]) * (_FINE_TUNING if start is not None else 1.0),
        decay=float(fit.params["weight_decay"]),
        dropout=float(fit.params["dropout"]),
        slope=_slope((train_rows.y - center) / unit, train_rows.weights, fit.target),
        judge=judge,
        seconds_left=fit.seconds_left,
    )
    trained, rounds = train(network, design.transform(train_rows.X), lesson, rng)
    return MlpMember(design, trained, center, unit, fit.target, rounds)


def _drawn(design: DenseDesign, rows: Rows, fit: Fit, rng: np.random.Generator) -> Network:
    hidden = tuple(int(fit.params[f"width_{k + 1}"]) for k in range(int(fit.params["layers"])))
    outputs = len(fit.target) if fit.target.task == "multiclass" else 1
    network = Network.drawn((design.width, *hidden, outputs), fit.params["activation"], rng=rng)
    if fit.target.task != "regression":
        # It begins with the shares of the classes.
        counts = np.bincount(rows.y.astype(np.intp), rows.weights, len(fit.target)) + 0.5
        logs = np.log(counts / counts.sum())
        network.theta[-outputs:] = logs if outputs > 1 else logs[1] - logs[0]
    return network


def _unit(y: Floats, target: Target) -> tuple[float, float]:
    return (float(y.mean()), float(y.std()) or 1.0) if target.task == "regression" else (0.0, 1.0)


def _batch(rows: int) -> int:
    return int(2 ** np.clip(np.round(np.log2(max(rows, 1) / 64)), 5, 9))


def _slope(
    y: Floats, weights: Floats | None, target: Target
) -> Callable[[Matrix, NDArray[np.intp]], Matrix]:
    w = None if weights is None else (weights / weights.mean()).astype(np.float32)
    classes = y.astype(np.intp)
    numbers = y.astype(np.float32)

    def slope(outputs: Matrix, rows: NDArray[np.intp]) -> Matrix:
        if target.task == "multiclass":
            delta = softmax(outputs, axis=1)
            delta[np.arange(len(rows)), classes[rows]] -= 1
        elif target.task == "binary":
            delta = expit(outputs) - numbers[rows, None]
        else:
            delta = outputs - numbers[rows, None]
        if w is not None:
            delta *= w[rows, None]
        return np.asarray(delta / np.float32(len(rows)))

    return slope


def _loss(outputs: Matrix, y: Floats, weights: Floats | None, target: Target) -> float:
    z = outputs.astype(np.float64)
    if target.task == "multiclass":
        of_rows = -log_softmax(z, axis=1)[np.arange(len(y)), y.astype(np.intp)]
    elif target.task == "binary":
        of_rows = np.logaddexp(0, z[:, 0]) - y * z[:, 0]
    else:
        of_rows = (z[:, 0] - y) ** 2
    return float(np.average(of_rows, weights=weights))


def _width(layer: int) -> dict[str, Any]:
    return {f"width_{layer}": Range(16, 256, log=True, whole=True)}


MLP = Algorithm(
    name="mlp",
    space={
        "layers": Choice(
            (
                Branch(1, _width(1)),
                Branch(2, _width(1) | _width(2)),
                Branch(3, _width(1) | _width(2) | _width(3)),
            )
        ),
        "activation": Choice(ACTIVATIONS),
        "scale": Choice(SCALES),
        "learning_rate": Range(0.0005, 0.03, log=True),
        "weight_decay": Range(0.001, 1.0, log=True),
        "dropout": Range(0.0, 0.5),
    },
    starts=(
        {
            "layers": 2,
            "width_1": 128,
            "width_2": 128,
            "activation": "silu",
            "scale": "spread",
            "learning_rate": 0.004,
            "weight_decay": 0.02,
            "dropout": 0.1,
        },
        {
            "layers": 2,
            "width_1": 128,
            "width_2": 64,
            "activation": "relu",
            "scale": "normal",
            "learning_rate": 0.004,
            "weight_decay": 0.1,
            "dropout": 0.2,
        },
    ),
    fit=_fit,
    cost="dear",
)
