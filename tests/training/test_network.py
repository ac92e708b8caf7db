"""The network's gradients, against differences; and what its training promises."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.training.members import network as networks
from lamplighter.training.members.network import ACTIVATIONS, Lesson, Network, train


def lesson(X: np.ndarray, y: np.ndarray, **changes: object) -> Lesson:
    settings = {
        "epochs": 60,
        "last": 60,
        "batch": 32,
        "rate": 0.01,
        "decay": 0.0,
        "dropout": 0.0,
        "slope": lambda outputs, rows: (outputs - y[rows, None]) / np.float32(len(rows)),
    }
    return Lesson(**(settings | changes))


def curve() -> tuple[np.ndarray, np.ndarray]:
    X = np.linspace(-2, 2, 256, dtype=np.float32)[:, None]
    return X, np.sin(3 * X[:, 0])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradient_is_the_slope_of_the_loss(activation, monkeypatch):
    monkeypatch.setattr(networks, "_LARGEST_GRADIENT", np.inf)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=8).astype(np.float32)
    net = Network.drawn((3, 5, 4, 1), activation, rng=rng)
    net.theta[:] += rng.normal(size=net.theta.size) / 10  # no unit stands at its kink
    gradient = np.zeros_like(net.theta)
    networks._backward(net, net.theta, gradient, X, np.arange(8), lesson(X, y), rng)

    def loss(theta: np.ndarray) -> float:
        # Double precision, so that the difference is not of roundings.
        outputs = Network(net.widths, activation, theta)(X.astype(np.float64))
        return float(((outputs[:, 0] - y) ** 2).mean() / 2)

    theta = net.theta.astype(np.float64)
    for place in range(0, len(theta), 7):
        step = np.zeros_like(theta)
        step[place] = 1e-4
        by_difference = (loss(theta + step) - loss(theta - step)) / 2e-4
        assert gradient[place] == pytest.approx(by_difference, rel=0.02, abs=1e-3)


def test_a_curve_is_learnt():
    X, y = curve()
    net = Network.drawn((1, 32, 32, 1), "silu", rng=np.random.default_rng(0))
    trained, epochs = train(net, X, lesson(X, y), np.random.default_rng(0))
    assert epochs == 60
    assert np.sqrt(np.mean((trained(X)[:, 0] - y) ** 2)) < 0.1


def test_training_returns_the_best_network_seen_and_stops_after_its_patience():
    X, y = curve()
    net = Network.drawn((1, 8, 1), "relu", rng=np.random.default_rng(0))
    seen: list[float] = []

    def judge(network: Network) -> float:
        seen.append(abs(len(seen) - 4.0))  # the fifth is the best
        return seen[-1]

    _, epochs = train(net, X, lesson(X, y, judge=judge, patience=3), np.random.default_rng(0))
    assert (epochs, len(seen)) == (5, 8)


def test_training_ends_when_the_time_is_up():
    X, y = curve()
    net = Network.drawn((1, 8, 1), "relu", rng=np.random.default_rng(0))
    left = iter([1.0, 1.0, 0.0])
    limited = lesson(X, y, seconds_left=lambda: next(left))
    assert train(net, X, limited, np.random.default_rng(0))[1] == 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predictions_come_from_the_activation_that_was_trained(activation):
    z = np.linspace(-120, 120, 999, dtype=np.float32)
    trained = networks._activate(z, activation)[0]
    assert networks._activated(z.copy(), activation) == pytest.approx(trained, abs=1e-6, rel=1e-5)
