"""A small neural network in single precision: layers, their gradients, and training by AdamW.

Written here because no library at hand stops early on rows that it is given, weighs rows, averages
weights, ends in time and goes on from an earlier network; and because for networks of this size
numpy is as fast as any of them on one core.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Matrix = NDArray[np.float32]
Activation = Literal["relu", "silu", "tanh"]
ACTIVATIONS: tuple[Activation, ...] = ("relu", "silu", "tanh")

_WARM_UP = 0.05
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.99, 1e-8
_LARGEST_GRADIENT = 1.0
_CHUNK = 1_000


@dataclass(frozen=True)
class Network:
    """Fully connected layers.

    Attributes
    ----------
    widths : tuple of int
        Of the input, of each hidden layer, and of the output.
    theta : ndarray of float32
        All weights and intercepts, layer after layer.
    """

    widths: tuple[int, ...]
    activation: Activation
    theta: Matrix = field(repr=False, compare=False)

    @classmethod
    def drawn(
        cls, widths: tuple[int, ...], activation: Activation, *, rng: np.random.Generator
    ) -> Self:
        """Draw weights as He et al. (2015) do; the last layer's are small, so it begins flat."""
        theta = np.zeros(_size(widths), dtype=np.float32)
        layers = _layers(theta, widths)
        for position, (W, _) in enumerate(layers):
            scale = np.sqrt(2 / W.shape[0]) * (0.1 if position == len(layers) - 1 else 1.0)
            W[:] = rng.standard_normal(W.shape, dtype=np.float32) * scale
        return cls(widths, activation, theta)

    def __call__(self, X: Matrix) -> Matrix:
        """Return the outputs, shape (n_rows, widths[-1])."""
        layers = _layers(self.theta, self.widths)
        parts = []
        for start in range(0, len(X), _CHUNK):
            h = X[start : start + _CHUNK]
            for W, b in layers[:-1]:
                h = h @ W
                h += b
                h = _activated(h, self.activation)
            W, b = layers[-1]
            parts.append(h @ W + b)
        return np.concatenate(parts) if parts else np.zeros((0, self.widths[-1]), np.float32)


@dataclass(frozen=True)
class Lesson:
    """How a network is trained.

    Attributes
    ----------
    epochs : int
        Length of the schedule: the rate warms up, then falls to zero along a cosine.
    last : int
        Epochs to run; fewer than `epochs` where an earlier fit found out that it pays to stop.
    slope : callable
        ``slope(outputs, rows)`` gives the loss's gradient by the outputs of those rows.
    judge : callable, optional
        Loss of a network on other rows; the best one seen is returned.
    patience : int
        Epochs without a better one after which to stop.
    """

    epochs: int
    last: int
    batch: int
    rate: float
    decay: float
    dropout: float
    slope: Callable[[Matrix, NDArray[np.intp]], Matrix]
    judge: Callable[[Network], float] | None = None
    patience: int = 20
    seconds_left: Callable[[], float] | None = None


def train(
    network: Network, X: Matrix, lesson: Lesson, rng: np.random.Generator
) -> tuple[Network, int]:
    """Train a network by AdamW [1]_; what is returned is a running mean of its weights.

    Returns
    -------
    Network
    int
        After how many epochs it was taken.

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", 2019.
    """
    theta = network.theta.copy()
    mean, first, second = theta.copy(), np.zeros_like(theta), np.zeros_like(theta)
    gradient = np.zeros_like(theta)
    decayed = _decayed(network.widths)
    steps = max(1, len(X) // lesson.batch)
    best, best_loss, best_epoch = mean.copy(), np.inf, 0
    step = epoch = 0
    for epoch in range(1, lesson.last + 1):
        for rows in np.array_split(rng.permutation(len(X)), steps):
            step += 1
            _backward(network, theta, gradient, X[rows], rows, lesson, rng)
            rate = lesson.rate * _schedule(step / (steps * lesson.epochs))
            first += (1 - _BETA_1) * (gradient - first)
            second += (1 - _BETA_2) * (gradient * gradient - second)
            unbiased = np.sqrt(1 - _BETA_2**step) / (1 - _BETA_1**step)
            theta -= np.float32(rate * lesson.decay) * decayed * theta
            theta -= np.float32(rate * unbiased) * first / (np.sqrt(second) + _EPSILON)
            mean += np.float32(max(1 / step, 1 / (2 * steps + 1))) * (theta - mean)
        out_of_time = lesson.seconds_left is not None and lesson.seconds_left() <= 0
        if lesson.judge is not None:
            loss = lesson.judge(Network(network.widths, network.activation, mean))
            if loss < best_loss:
                best, best_loss, best_epoch = mean.copy(), loss, epoch
            if epoch - best_epoch >= lesson.patience:
                break
        if out_of_time:
            break
    if lesson.judge is None:
        best, best_epoch = mean, epoch
    return Network(network.widths, network.activation, best), max(1, best_epoch)


def _backward(
    network: Network,
    theta: Matrix,
    gradient: Matrix,
    X: Matrix,
    rows: NDArray[np.intp],
    lesson: Lesson,
    rng: np.random.Generator,
) -> None:
    """Write the gradient of the mean loss of some rows."""
    layers = _layers(theta, network.widths)
    inputs, slopes = [X], []
    for W, b in layers[:-1]:
        h, slope = _activate(inputs[-1] @ W + b, network.activation)
        if lesson.dropout > 0:
            draws = rng.random(h.shape, dtype=np.float32)
            kept = (draws >= lesson.dropout).astype(np.float32) / np.float32(1 - lesson.dropout)
            h, slope = h * kept, slope * kept
        inputs.append(h)
        slopes.append(slope)
    W, b = layers[-1]
    delta = lesson.slope(inputs[-1] @ W + b, rows)
    written = _layers(gradient, network.widths)
    for position in range(len(layers) - 1, -1, -1):
        by_W, by_b = written[position]
        np.matmul(inputs[position].T, delta, out=by_W)
        by_b[:] = delta.sum(axis=0)
        if position:
            delta = (delta @ layers[position][0].T) * slopes[position - 1]
    norm = float(np.sqrt(gradient @ gradient))
    if norm > _LARGEST_GRADIENT:
        gradient *= np.float32(_LARGEST_GRADIENT / norm)


def _activate(z: Matrix, activation: Activation) -> tuple[Matrix, Matrix]:
    """Return the activation and its slope."""
    if activation == "relu":
        positive = z > 0
        return z * positive, positive.astype(np.float32)
    if activation == "tanh":
        h = np.tanh(z)
        return h, 1 - h * h
    gate = np.asarray(expit(z), dtype=np.float32)
    return z * gate, gate * (1 + z * (1 - gate))


def _activated(z: Matrix, activation: Activation) -> Matrix:
    """Return the activation alone, written over `z` where that is faster."""
    if activation == "relu":
        return np.asarray(np.maximum(z, 0, out=z))
    if activation == "tanh":
        return np.asarray(np.tanh(z, out=z))
    with np.errstate(over="ignore"):  # far below zero it is zero
        gate = np.exp(-z)
    gate += 1
    z /= gate
    return z


def _schedule(progress: float) -> float:
    if progress < _WARM_UP:
        return progress / _WARM_UP
    return 0.5 * (1 + float(np.cos(np.pi * min(1.0, progress))))


def _layers(theta: Matrix, widths: tuple[int, ...]) -> list[tuple[Matrix, Matrix]]:
    """Return weights and intercepts of each layer, as views."""
    layers, start = [], 0
    for a, b in pairwise(widths):
        stop = start + a * b
        layers.append((theta[start:stop].reshape(a, b), theta[stop : stop + b]))
        start = stop + b
    return layers


def _decayed(widths: tuple[int, ...]) -> Matrix:
    """Say which numbers decay: weights do, intercepts do not."""
    mask = np.zeros(_size(widths), dtype=np.float32)
    for W, _ in _layers(mask, widths):
        W[:] = 1
    return mask


def _size(widths: tuple[int, ...]) -> int:
    return sum((a + 1) * b for a, b in pairwise(widths))
